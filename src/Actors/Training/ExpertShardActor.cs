using Akka.Actor;

using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Diagnostics;
using MoeActors.Actors.Exchange;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.Replication;
using MoeActors.Actors.State;
using MoeActors.Compute.Experts;
using MoeActors.Compute.Optimization;
using MoeActors.Compute.Routing;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;

using static TorchSharp.torch;

namespace MoeActors.Actors.Training;

/// <summary>
/// The experts of one MoE layer of one logical rank. Computes each chunk as it arrives and answers at once; weight gradients are done when
/// nothing waits for an answer, in canonical order (DT-1). Runs on the compute thread.
/// </summary>
internal sealed class ExpertShardActor : ReceiveActor
{
    private readonly int layer;
    private readonly int rank;
    private readonly DeviceServices services;
    private readonly long incarnation = Random.Shared.NextInt64();
    private readonly EarlyTickets early = new();
    private readonly Dictionary<(int Micro, int Source), int> forwarded = [];
    private EpochContext? context;
    private ExpertUnit? unit;
    private ChunkServer? experts;
    private GradientExchange? reduction;
    private long step = -1;
    private int accumulated, expected;
    private int replicaPieces;
    private bool draining, sent, updated;
    private SnapshotPlan? snapshot;
    private double stallMs;

    /// <summary>Self-message: one more piece of weight-gradient work; it queues behind the chunks that wait for an answer.</summary>
    private sealed record Drain(int Epoch, long Step);

    public ExpertShardActor(int layer, int rank, DeviceServices services)
    {
        (this.layer, this.rank, this.services) = (layer, rank, services);
        Receive<AttachShard>(OnAttach);
        Receive<Ticket>(OnTicket);
        Receive<Drain>(m => IsCurrent(m.Epoch) && m.Step == step, _ => OnDrain());
        Receive<ApplyDecision>(m => IsCurrent(m.Decision.Epoch), OnDecision);
        Receive<InjectedWork>(m => m.Run(unit, step >= 0 && !sent ? context?.Epoch : null, Self));
        Receive<Quiesce>(_ => Leave());
        ReceiveAny(_ => { });
    }

    private Endpoint Me => new(EndpointKind.ExpertShard, layer, rank);

    private LogicalLayout Layout => context!.Spec.Layout;

    protected override void PreStart()
    {
        services.Exchange.Register(Me, Self);
        Context.Parent.Tell(new ActorCreated($"expert-shard-{layer}-{rank}", incarnation, Self));
    }

    protected override void PostStop()
    {
        services.Exchange.Unregister(Me);
        Abandon();
        experts?.Dispose();
    }

    private bool IsCurrent(int epoch) => context?.Epoch == epoch && services.Gate.Admits(epoch);

    private void OnAttach(AttachShard m)
    {
        Abandon();
        if (!ReferenceEquals(unit, m.Unit))
        {
            experts?.Dispose();
            LogicalLayout layout = m.Context.Spec.Layout;
            var bank = new ExpertBank(m.Context.Spec.Model, layout, m.Unit.Id.Layer, layout.PositionOf(rank), m.Unit.Layout, m.Unit.Weights);
            experts = new ChunkServer(bank, layout, layout.GroupOf(rank));
        }

        (context, unit) = (m.Context, m.Unit);
        OpenStep(m.Context.Message.RestoreStep);
    }

    /// <summary>The epoch is over here: its late messages find nobody (EP-1).</summary>
    private void Leave()
    {
        Abandon();
        context = null;
    }

    private void Abandon()
    {
        experts?.Discard();
        reduction?.Dispose();
        reduction = null;
        early.Discard();
        (updated, replicaPieces, step, stallMs, snapshot) = (false, 0, -1, 0, null);
    }

    /// <summary>The shard's weights are those of <paramref name="next"/>: chunks of that step may be computed now.</summary>
    private void OpenStep(long next)
    {
        step = next;
        (accumulated, expected, sent, draining) = (0, 0, false, false);
        forwarded.Clear();
        unit!.Gradient.Fill(0);
        reduction = new GradientExchange(Layout.Groups, Layout.GroupOf(rank));
        foreach (Ticket ticket in early.Of(step))
        {
            OnTicket(ticket);
        }
    }

    private void OnTicket(Ticket ticket)
    {
        if (!IsCurrent(ticket.Header.Epoch) || (step >= 0 && ticket.Header.Step < step))
        {
            ticket.Discard();
            return;
        }

        if (ticket.Header.Step != step)
        {
            // A fast source is ahead of this shard's update (or the shard waits for its start).
            early.Keep(ticket);
            return;
        }

        long begun = services.Clock.Now;
        switch (ticket.Header.Purpose)
        {
            case Purpose.Dispatch:
                Forward(ticket);
                break;
            case Purpose.CombineGradient:
                Backward(ticket);
                break;
            case Purpose.GradientPiece:
                reduction!.Add(Layout.GroupOf(Endpoint.FromPacked(ticket.Header.Source).Rank), Arrival.On(ticket.Take(), unit!.Gradient.device));
                CheckReduced();
                break;
            case Purpose.WeightPiece:
                OnWeightPiece(ticket);
                break;
            default:
                ticket.Discard();
                throw new InvalidOperationException($"an expert shard has no use for {ticket.Header.Purpose}");
        }

        services.Clock.Book(rank, begun);
    }

    private static ChunkKey KeyOf(Ticket ticket) =>
        new(ticket.Header.Micro, Endpoint.FromPacked(ticket.Header.Source).Rank, ticket.Header.Chunk, ticket.Header.ChunkCount);

    private void Forward(Ticket ticket)
    {
        services.Flight.Enter(Phase.Forward, context!.Epoch, step);
        ChunkKey key = KeyOf(ticket);
        bool training = key.Micro >= 0;
        ExpertSegment[] segments = Segments.Unpack(ticket.Meta, ticket.Header.Rows);
        Tensor y = training ? experts!.Forward(key, Rows(ticket), segments) : experts!.Bank.Forward(Rows(ticket), segments);
        services.Trace?.Invoke(context.Epoch, step, layer, key);
        if (training && forwarded.TryAdd((key.Micro, key.Source), key.ChunkCount))
        {
            expected += key.ChunkCount;
        }

        Answer(Purpose.Combine, ticket, y);
    }

    private void Backward(Ticket ticket)
    {
        services.Flight.Enter(Phase.Backward, context!.Epoch, step);
        services.Returning?.Invoke(unit!.Id, step);
        Tensor dx = experts!.Backward(KeyOf(ticket), Rows(ticket));
        Answer(Purpose.DispatchGradient, ticket, dx);
        if (!draining)
        {
            draining = true;
            Self.Tell(new Drain(context.Epoch, step));
        }
    }

    private void Answer(Purpose purpose, Ticket question, Tensor rows)
    {
        FrameHeader header = context!.Frame(
            purpose, step, Me, Endpoint.FromPacked(question.Header.Source), question.Header.Micro, layer, question.Header.Chunk, question.Header.ChunkCount);
        services.Exchange.Send(header, [], rows);
    }

    private Tensor Rows(Ticket ticket) => Arrival.Rows(ticket, context!.Spec.Model.Hidden, unit!.Weights.dtype, unit.Weights.device);

    private void OnDrain()
    {
        long begun = services.Clock.Now;
        if (experts!.AccumulateNext(unit!.Gradient))
        {
            accumulated++;
            Self.Tell(new Drain(context!.Epoch, step));
        }
        else
        {
            draining = false;
        }

        // All sources of the group have sent all micro-batches, and all of it is in the gradient.
        if (!sent && forwarded.Count == Layout.ExpertParallel * context!.Spec.Training.MicroBatches && accumulated == expected)
        {
            sent = true;
            services.Flight.Enter(Phase.Reduction, context.Epoch, step);
            reduction!.Send(
                unit, services.Exchange,
                group => context.Frame(
                    Purpose.GradientPiece, step, Me, new Endpoint(EndpointKind.ExpertShard, layer, (group * Layout.ExpertParallel) + Layout.PositionOf(rank)), 0, layer));
            CheckReduced();
        }

        services.Clock.Book(rank, begun);
    }

    private void CheckReduced()
    {
        if (reduction!.IsComplete && sent)
        {
            CheckWeights();

            // The unit's from now on: it outlives this actor until the update (ST-1).
            unit!.Keep(reduction.Sum(unit.Count));
            GradientCopies.Send(context!, unit, Me, services.Exchange);
            Context.Parent.Tell(new UnitReduced(context!.Epoch, step, new UnitReport(unit.Ordinal, Reduction.SquaredNorm(unit.Reduced!)), null));
        }
    }

    /// <summary>A step that was computed with weights which are not those of its update is not reported, so never decided.</summary>
    private void CheckWeights()
    {
        for (int group = 0; group < Layout.Groups; group++)
        {
            if (group == Layout.GroupOf(rank) && unit!.Guard.AlteredOwn(unit) is { } altered)
            {
                throw unit.Altered(altered);
            }

            if (group != Layout.GroupOf(rank) && !unit!.Guard.IsIntact(group, unit.Ranges[group]))
            {
                unit.Ranges[group] = -1;
                throw new StateAlteredException($"the weights that came from group {group} to {unit.Id} changed between two updates");
            }
        }
    }

    private void OnDecision(ApplyDecision m)
    {
        if (m.Decision.Step != step || unit?.Reduced is null)
        {
            return;
        }

        long begun = services.Clock.Now;
        services.Flight.Enter(Phase.Update, context!.Epoch, step);
        stallMs += unit.FinishSnapshot();
        UnitUpdate.Apply(unit, m.Decision.Update, context.Spec.Training, services.Updating);
        experts!.Discard();
        for (int group = 0; group < Layout.Groups; group++)
        {
            if (group != Layout.GroupOf(rank))
            {
                using Tensor range = unit!.Weights.narrow(0, unit.Begin, unit.Count);
                Endpoint replica = new(EndpointKind.ExpertShard, layer, (group * Layout.ExpertParallel) + Layout.PositionOf(rank));
                services.Exchange.Send(context.Frame(Purpose.WeightPiece, step, Me, replica, 0, layer), [], range.view(1, unit.Count));
            }
        }

        snapshot = m.Snapshot;
        updated = true;
        services.Clock.Book(rank, begun);
        CheckUpdated();
    }

    private void OnWeightPiece(Ticket ticket)
    {
        stallMs += unit!.FinishSnapshot();
        (long begin, long count) = unit.Layout.Shard(Layout.GroupOf(Endpoint.FromPacked(ticket.Header.Source).Rank), Layout.Groups);
        using (Tensor? piece = ticket.Take())
        {
            // A shard at the end of the range may be empty.
            if (piece is not null)
            {
                using Tensor target = unit.Weights.narrow(0, begin, count);
                using Tensor flat = piece.view(count);
                target.copy_(flat);
            }
        }

        int group = Layout.GroupOf(Endpoint.FromPacked(ticket.Header.Source).Rank);
        unit.Ranges[group] = step + 1;
        unit.Guard.Seal(group, step + 1);
        replicaPieces++;
        CheckUpdated();
    }

    private void CheckUpdated()
    {
        if (!updated || replicaPieces < Layout.Groups - 1)
        {
            return;
        }

        // The weights are complete only now: the replicas' ranges are among what a checkpoint may take.
        stallMs += snapshot is null ? 0 : services.Snapshot(context!, unit!, snapshot, step + 1);
        Context.Parent.Tell(new UnitUpdated(context!.Epoch, step, unit!.Id, stallMs));
        (updated, replicaPieces, stallMs, snapshot) = (false, 0, 0, null);
        OpenStep(step + 1);
    }
}
