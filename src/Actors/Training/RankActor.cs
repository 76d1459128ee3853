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
/// The dense part of one logical rank's step: a pass for each micro-batch, driven by a <see cref="PassDriver"/>. It never waits: each arriving chunk is a
/// message, and the next stages run when the last chunk is in. Runs on the compute thread.
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
    private ForwardPass? pass;
    private PassDriver? driver;
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
        DropPass();
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
        routed = new int[model!.Plan.Cuts.Count * context!.Spec.Model.Moe.Targets];
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
        using Tensor batch = batches!.Batch(step, rank, micro);
        pass = new TrainingPass(context!.Spec, model!, new PassContext(step, batches.TokenId(step, rank, micro), PassMode.Training), batch);
        driver = new PassDriver(pass, new RankDispatcher(context, services.Exchange, Me, step, micro), phase => services.Flight.Enter(PhaseOf(phase), context.Epoch, step));
        driver.Begin();
        EndMicroBatch();
    }

    private static Phase PhaseOf(PassPhase phase) => phase switch
    {
        PassPhase.Forward => Phase.Forward,
        PassPhase.Dispatch => Phase.Dispatch,
        _ => Phase.Backward,
    };

    private void Arrived(DispatchKind kind, Ticket ticket)
    {
        int position = context!.Spec.Layout.PositionOf(Endpoint.FromPacked(ticket.Header.Source).Rank);
        Tensor rows = Arrival.Rows(ticket, context.Spec.Model.Hidden, store!.WeightType, store.Device);
        driver!.Arrived(kind, ticket.Header.Layer, new ChunkAddress(position, ticket.Header.Chunk), rows);
        if (evaluation is null)
        {
            EndMicroBatch();
        }
        else
        {
            EndEvaluationBatch();
        }
    }

    private void DropPass()
    {
        pass?.Dispose();
        (pass, driver) = (null, null);
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
                Arrived(DispatchKind.Forward, ticket);
                break;
            case Purpose.DispatchGradient:
                Arrived(DispatchKind.Backward, ticket);
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

    /// <summary>Where the pass has run forward and backward: its losses and counts, its gradients; then the next micro-batch, or the reduction.</summary>
    private void EndMicroBatch()
    {
        if (!driver!.Done)
        {
            return;
        }

        Count(driver.Parts!, driver.Plans);
        model!.AccumulateGradients(unit!.Gradient);
        DropPass();
        if (++micro < context!.Spec.Training.MicroBatches)
        {
            BeginMicroBatch();
            return;
        }

        services.Flight.Enter(Phase.Reduction, context.Epoch, step);
        reduction!.Send(unit, services.Exchange, other => context.Frame(Purpose.GradientPiece, step, Me, new Endpoint(EndpointKind.Rank, 0, other)));
        CheckReduced();
    }

    /// <summary>Losses, and choices by expert: the load that people watch, and what the ledger of lost tokens counts.</summary>
    private void Count(LossParts parts, IReadOnlyList<RoutingPlan> plans)
    {
        crossEntropy += parts.CrossEntropySum;
        tokens += parts.Tokens;
        foreach ((string name, double value) in parts.Auxiliary)
        {
            losses[name] = losses.GetValueOrDefault(name) + (value / context!.Spec.Training.MicroBatches);
        }

        for (int cut = 0; cut < plans.Count; cut++)
        {
            int[] chosen = plans[cut].Routed;
            dropped += plans[cut].Dropped();
            for (int e = 0; e < chosen.Length; e++)
            {
                routed[(cut * chosen.Length) + e] += chosen[e];
            }
        }
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
