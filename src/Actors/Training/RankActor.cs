using Akka.Actor;

using MoeActors.Actors.Diagnostics;
using MoeActors.Actors.Exchange;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.Replication;
using MoeActors.Actors.State;
using MoeActors.Compute.Data;
using MoeActors.Compute.Models;
using MoeActors.Compute.Optimization;
using MoeActors.Compute.Passes;
using MoeActors.Compute.Routing;
using MoeActors.Compute.Tensors;

using static TorchSharp.torch;

namespace MoeActors.Actors.Training;

/// <summary>
/// Drives the dense part of one logical rank's step: embed → per MoE layer: attention, gate, dispatch, combine → loss, and the same in
/// reverse. It never waits: each arriving chunk is a message, and the next segment runs when the last chunk is in. Runs on the compute thread.
/// </summary>
internal sealed partial class RankActor : ReceiveActor
{
    private readonly int rank;
    private readonly DeviceServices services;
    private readonly long incarnation = Random.Shared.NextInt64();
    private readonly EarlyTickets early = new();
    private EpochContext? context;
    private DeviceStore? store;
    private DenseUnit? unit;
    private DenseModel? model;
    private BatchReader? batches;
    private RankPass? pass;
    private RoutingPlan[] plans = [];
    private GradientExchange? reduction;
    private long step = -1;
    private int micro;
    private double crossEntropy;
    private readonly SortedDictionary<string, double> losses = new(StringComparer.Ordinal);
    private long tokens, dropped;
    private int[] routed = [];

    public RankActor(int rank, DeviceServices services)
    {
        this.rank = rank;
        this.services = services;
        Receive<AttachRank>(Timed<AttachRank>(OnAttach));
        Receive<BeginStep>(m => IsCurrent(m.Epoch), Timed<BeginStep>(OnBeginStep));
        Receive<BeginEvaluation>(m => IsCurrent(m.Epoch), Timed<BeginEvaluation>(OnBeginEvaluation));
        Receive<ApplyDecision>(m => IsCurrent(m.Decision.Epoch), Timed<ApplyDecision>(OnDecision));
        Receive<InjectedWork>(m => m.Run(unit, step >= 0 ? context?.Epoch : null, Self));
        Receive<Quiesce>(Timed<Quiesce>(_ => Leave()));
        Receive<Ticket>(Timed<Ticket>(OnTicket));
        ReceiveAny(_ => { });
    }

    private Endpoint Me => new(EndpointKind.Rank, 0, rank);

    protected override void PreStart()
    {
        services.Exchange.Register(Me, Self);
        Context.Parent.Tell(new ActorCreated($"rank-{rank}", incarnation, Self));
    }

    protected override void PostStop()
    {
        services.Exchange.Unregister(Me);
        Abandon();
        model?.Dispose();
    }

    private Action<T> Timed<T>(Action<T> handler) => message =>
    {
        long begun = services.Clock.Now;
        try
        {
            handler(message);
        }
        finally
        {
            services.Clock.Book(rank, begun);
        }
    };

    private bool IsCurrent(int epoch) => context?.Epoch == epoch && services.Gate.Admits(epoch);

    private void OnAttach(AttachRank m)
    {
        Abandon();
        if (!ReferenceEquals(store, m.Store))
        {
            model?.Dispose();
            model = new DenseModel(m.Context.Spec.Model, m.Store.DenseLayout, m.Store.DenseWeights);
            plans = new RoutingPlan[model.MoeCount];
        }

        (context, store, unit, batches) = (m.Context, m.Store, m.Unit, m.Batches);
    }

    /// <summary>The epoch is over here: its late messages find nobody (EP-1).</summary>
    private void Leave()
    {
        Abandon();
        context = null;
    }

    /// <summary>Drops everything of the step in flight; the unit's state stays.</summary>
    private void Abandon()
    {
        early.Discard();
        evaluation = null;
        pass?.Dispose();
        pass = null;
        reduction?.Dispose();
        reduction = null;
        model?.ClearGradients();
        step = -1;
    }

    private void OnBeginStep(BeginStep m)
    {
        step = m.Step;
        (crossEntropy, tokens, dropped, micro) = (0, 0, 0, 0);
        losses.Clear();
        routed = new int[model!.MoeCount * context!.Spec.Model.Moe.Targets];
        unit!.Gradient.Fill(0);
        reduction = new GradientExchange(context!.Spec.Layout.Ranks, rank);
        foreach (Ticket ticket in early.Of(step))
        {
            OnTicket(ticket);
        }

        BeginMicroBatch();
    }

    private void BeginMicroBatch()
    {
        services.Flight.Enter(Phase.Forward, context!.Epoch, step);
        using Tensor batch = batches!.Batch(step, rank, micro);
        pass = new RankPass(context.Spec, model!, new PassContext(step, micro, rank, Training: true, batches.TokenId(step, rank, micro)), batch);
        Dispatch(0);
    }

    /// <summary>Runs the dense segment up to MoE layer <paramref name="m"/>'s gate and sends every chunk on its way.</summary>
    private void Dispatch(int m)
    {
        if (m == model!.MoeCount)
        {
            EndForward();
            return;
        }

        RoutingPlan plan = plans[m] = pass!.Route(m);
        dropped += plan.Dropped();
        CountRouted(m, plan);
        services.Flight.Enter(Phase.Dispatch, context!.Epoch, step);
        SendChunks(Purpose.Dispatch, m, plan, pass.DispatchRows(m));
        pass.ReleaseRows(m);

        // What needs no expert output overlaps the exchange.
        pass.ForwardShared(m);
        services.Flight.Enter(Phase.Forward, context.Epoch, step);
    }

    /// <summary>Choices by expert: the load that people watch, and what the ledger of lost tokens counts.</summary>
    private void CountRouted(int m, RoutingPlan plan)
    {
        for (int e = 0; e < plan.Routed.Length; e++)
        {
            routed[(m * plan.Routed.Length) + e] += plan.Routed[e];
        }
    }

    private void SendChunks(Purpose purpose, int m, RoutingPlan plan, Tensor rows)
    {
        int group = context!.Spec.Layout.GroupOf(rank) * context.Spec.Layout.ExpertParallel;
        foreach (DispatchChunk chunk in plan.Chunks)
        {
            FrameHeader header = context.Frame(
                purpose, step, Me, new Endpoint(EndpointKind.ExpertShard, m, group + chunk.Position), CurrentMicro, m, chunk.Index, chunk.Count);
            services.Exchange.Send(header, Segments.Pack(chunk.Segments), chunk.Rows == 0 ? null : rows.narrow(0, chunk.FirstRow, chunk.Rows));
        }
    }

    private void OnTicket(Ticket ticket)
    {
        if (!IsCurrent(ticket.Header.Epoch) || ticket.Header.Step < step)
        {
            // EP-1: a message of another epoch or an older step changes nothing.
            ticket.Discard();
            return;
        }

        if (ticket.Header.Step > step)
        {
            // A faster rank's gradient: it has all new weights already, this device waits for one more piece of them (or for its start).
            early.Keep(ticket);
            return;
        }

        switch (ticket.Header.Purpose)
        {
            case Purpose.Combine:
                if (pass!.Combine(ticket.Header.Layer, ChunkOf(ticket), Rows(ticket)))
                {
                    if (evaluation is null)
                    {
                        Dispatch(ticket.Header.Layer + 1);
                    }
                    else
                    {
                        DispatchEvaluation(ticket.Header.Layer + 1);
                    }
                }

                break;
            case Purpose.DispatchGradient:
                if (pass!.ReturnGradient(ticket.Header.Layer, ChunkOf(ticket), Rows(ticket)))
                {
                    BackwardFrom(ticket.Header.Layer);
                }

                break;
            case Purpose.GradientPiece:
                reduction!.Add(Endpoint.FromPacked(ticket.Header.Source).Rank, Arrival.On(ticket.Take(), store!.Device));
                CheckReduced();
                break;
            default:
                ticket.Discard();
                throw new InvalidOperationException($"a rank has no use for {ticket.Header.Purpose}");
        }
    }

    private DispatchChunk ChunkOf(Ticket ticket)
    {
        int position = context!.Spec.Layout.PositionOf(Endpoint.FromPacked(ticket.Header.Source).Rank);
        return plans[ticket.Header.Layer].Chunks.First(c => c.Position == position && c.Index == ticket.Header.Chunk);
    }

    private Tensor Rows(Ticket ticket) => Arrival.Rows(ticket, context!.Spec.Model.Hidden, store!.WeightType, store.Device);

    private void EndForward()
    {
        LossParts parts = pass!.ForwardLoss();
        crossEntropy += parts.CrossEntropySum;
        tokens += parts.Tokens;
        foreach ((string name, double value) in parts.Auxiliary)
        {
            losses[name] = losses.GetValueOrDefault(name) + (value / context!.Spec.Training.MicroBatches);
        }

        services.Flight.Enter(Phase.Backward, context!.Epoch, step);
        pass.BackwardLoss();
        SendCombineGradient(model!.MoeCount - 1);
    }

    private void SendCombineGradient(int m)
    {
        using Tensor rows = pass!.BackwardCombine(m);
        SendChunks(Purpose.CombineGradient, m, plans[m], rows);
    }

    private void BackwardFrom(int m)
    {
        services.Flight.Enter(Phase.Backward, context!.Epoch, step);
        pass!.BackwardSegment(m);
        if (m > 0)
        {
            SendCombineGradient(m - 1);
            return;
        }

        model!.AccumulateGradients(unit!.Gradient);
        pass.Dispose();
        pass = null;
        if (++micro < context.Spec.Training.MicroBatches)
        {
            BeginMicroBatch();
            return;
        }

        services.Flight.Enter(Phase.Reduction, context.Epoch, step);
        reduction!.Send(unit, services.Exchange, other => context.Frame(Purpose.GradientPiece, step, Me, new Endpoint(EndpointKind.Rank, 0, other)));
        CheckReduced();
    }

    /// <summary>When every rank's piece of this rank's range is in: sum, norm, report (ST-1).</summary>
    private void CheckReduced()
    {
        if (!reduction!.IsComplete)
        {
            return;
        }

        // The unit's from now on: it outlives this actor until the update (ST-1).
        unit!.Keep(reduction.Sum(unit.Count));
        GradientCopies.Send(context!, unit, Me, services.Exchange);
        var report = new RankReport(
            rank, crossEntropy, tokens, [.. losses.Select(l => new NamedLoss(l.Key, l.Value))], dropped, services.Clock.ComputeMs(rank), services.Clock.ExposedMs(), routed);
        Context.Parent.Tell(new UnitReduced(context!.Epoch, step, new UnitReport(unit.Ordinal, Reduction.SquaredNorm(unit.Reduced!)), report));
    }

    private void OnDecision(ApplyDecision m)
    {
        StepDecision decision = m.Decision;
        if (decision.Step != step || unit?.Reduced is null)
        {
            return;
        }

        services.Flight.Enter(Phase.Update, context!.Epoch, step);
        double stallMs = unit.FinishSnapshot();
        UnitUpdate.Apply(unit, decision.Update, context.Spec.Training, services.Updating);
        reduction!.Dispose();
        SendWeights();
        stallMs += m.Snapshot is null ? 0 : services.Snapshot(context, unit, m.Snapshot, step + 1);
        Context.Parent.Tell(new UnitUpdated(context.Epoch, step, unit.Id, stallMs));
    }

    /// <summary>All-gather without a collective: this rank's range of the new weights goes to every other node's device.</summary>
    private void SendWeights()
    {
        for (int node = 0; node < context!.Message.Nodes.Count; node++)
        {
            if (node != context.Self)
            {
                using Tensor range = unit!.Weights.narrow(0, unit.Begin, unit.Count);
                services.Exchange.Send(
                    context.Frame(Purpose.WeightPiece, step, Me, new Endpoint(EndpointKind.Device, 0, node)), [], range.view(1, unit.Count));
            }
        }
    }
}
