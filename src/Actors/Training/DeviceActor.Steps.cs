using System.Diagnostics;

using Akka.Actor;
using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Diagnostics;
using MoeActors.Actors.Exchange;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.State;
using MoeActors.Compute.Optimization;
using MoeActors.Compute.Parameters;
using static TorchSharp.torch;

namespace MoeActors.Actors.Training;

/// <summary>The device's part of a step: begin, gather reports, relay the decision, put the new dense weights together, go on.</summary>
internal sealed partial class DeviceActor
{
    private StepProgress? progress;

    private double stallMsOfLastStep, msOfLastStep;

    private int LocalRanks => store!.Units.Count(u => u is DenseUnit);

    private void OnStart(StartSteps m)
    {
        if (connecting is null || !orders.IsNewStep(m.Step))
        {
            AnswerAgain(m.Epoch);
            return;
        }

        BeginStep(m.Step);
    }

    private void BeginStep(long step)
    {
        orders.BeginStep(step);
        progress = new StepProgress(step, store!.Units.Count, context!.Spec.Layout.Ranks);
        services.Clock.Begin();
        LogContext.Set(context.Epoch, step);
        foreach (UnitState unit in store.Units)
        {
            if (unit is DenseUnit)
            {
                actors[$"rank-{unit.Id.Index}"].Actor.Tell(new BeginStep(context.Epoch, step));
            }
        }
    }

    private void OnReduced(UnitReduced m)
    {
        if (progress?.Step != m.Step)
        {
            return;
        }

        if (progress.Reduced(m.Unit, m.Rank))
        {
            TryReport();
        }
    }

    /// <summary>ST-1: the step is reported when the gradients of all units are reduced, and those of all copies held here have come.</summary>
    private void TryReport()
    {
        if (progress is { } step && step.Report(copies.Cover(step.Step)))
        {
            if (AlteredDense() is { } altered)
            {
                Answer(altered);
                return;
            }

            // The lane's whole idle time is known only now; each rank is told the same.
            double exposed = services.Clock.ExposedMs();
            Answer(new StepReport(
                context!.Epoch, step.Step, node.Incarnation,
                step.Ranks.Select(r => r with { ComputeMs = services.Clock.ComputeMs(r.Rank), ExposedMs = exposed }).ToArray(),
                step.Units, stallMsOfLastStep, Stopwatch.GetElapsedTime(step.Begun).TotalMilliseconds, msOfLastStep));
        }
    }

    /// <summary>The failure to be reported instead of the step, where the dense weights are not those it should have been computed with.</summary>
    private NodeFault? AlteredDense()
    {
        for (int rank = 0; rank < store!.DenseRanges.Length; rank++)
        {
            UnitState? own = context!.IsLocal(rank) ? store[UnitId.Dense(rank)] : null;
            if (own?.Guard.AlteredOwn(own) is { } altered)
            {
                return new NodeFault(context.Epoch, node.Incarnation, $"rank-{rank}", own.Altered(altered).Message);
            }

            if (own is null && !store.DenseGuard.IsIntact(rank, store.DenseRanges[rank]))
            {
                store.DenseRanges[rank] = -1;
                return new NodeFault(
                    context.Epoch, node.Incarnation, "device-0", new StateAlteredException($"the dense weights that came from rank {rank} changed between two updates").Message);
            }
        }

        return null;
    }

    private void OnDecision(StepDecision m)
    {
        if (progress?.Decide(m) != true)
        {
            AnswerAgain(m.Epoch);
            return;
        }

        lastDecided = m.Update;
        store!.Settle();
        copies.Settle();
        node.Vault.Committed(m.Committed);
        var apply = new ApplyDecision(m, m.Checkpoint is null ? null : new SnapshotPlan(context!.Spec, m.Checkpoint));
        foreach ((IActorRef actor, _) in actors.Values)
        {
            actor.Tell(apply);
        }

        // Beside training, on a thread of their own.
        copies.Apply(m.Update, context!.Spec.Training);
    }

    private void OnUpdated(UnitUpdated m)
    {
        if (progress?.Step != m.Step)
        {
            return;
        }

        progress.Updated(m.Unit.Kind);
        progress.StallMs += m.StallMs;
        if (progress.IsUpdated)
        {
            node.Vault.Go();
            copies.Go();
        }

        TryGoOn();
    }

    private void OnTicket(Ticket ticket)
    {
        if (context?.Epoch == ticket.Header.Epoch && store is not null && orders.IsNewest(ticket.Header.Epoch))
        {
            switch (ticket.Header.Purpose)
            {
                case Purpose.StateRequest:
                    OnRequest(ticket);
                    return;
                case Purpose.StatePiece:
                    OnPiece(ticket);
                    return;
                case Purpose.CopyGradient when services.Gate.Admits(ticket.Header.Epoch):
                    OnCopyGradient(ticket);
                    return;
            }
        }

        OnWeightPiece(ticket);
    }

    /// <summary>A remote rank's range of the new dense weights.</summary>
    private void OnWeightPiece(Ticket ticket)
    {
        if (context?.Epoch != ticket.Header.Epoch || progress?.Step != ticket.Header.Step || ticket.Header.Purpose != Purpose.WeightPiece)
        {
            // EP-1.
            ticket.Discard();
            return;
        }

        int rank = Endpoint.FromPacked(ticket.Header.Source).Rank;
        (long begin, long count) = store!.DenseLayout.Shard(rank, context.Spec.Layout.Ranks);
        using (Tensor? piece = ticket.Take())
        {
            if (piece is not null)
            {
                // The sender knows a decision that may not have come here yet: from now on this range is of no step, then of the next.
                store.DenseRanges[rank] = -1;
                FinishDenseSnapshots();
                using Tensor target = store.DenseWeights.narrow(0, begin, count);
                using Tensor flat = piece.view(count);
                target.copy_(flat);
            }
        }

        store.DenseRanges[rank] = progress.Step + 1;
        store.DenseGuard.Seal(rank, progress.Step + 1);
        progress.DensePiece();
        TryGoOn();
    }

    /// <summary>
    /// The dense weights are shared: they may not change before every rank's snapshot of them is copied. Master, m and v are each rank's own; in fp32 runs, whose master is the weights, a snapshot has nothing of another's range.
    /// </summary>
    private void FinishDenseSnapshots()
    {
        foreach (UnitState unit in store!.Units)
        {
            progress!.StallMs += unit is DenseUnit { Snapshot.ReadsWeights: true } ? unit.FinishSnapshot() : 0;
        }
    }

    private void TryGoOn()
    {
        if (!progress!.IsDone)
        {
            return;
        }

        AfterStep after = progress.Decision!.After;
        long step = progress.Step;
        stallMsOfLastStep = progress.StallMs;
        msOfLastStep = Math.Max(0, Stopwatch.GetElapsedTime(progress.Begun).TotalMilliseconds - progress.StallMs);
        progress = null;
        store!.Restored = false;
        if (after == AfterStep.Continue)
        {
            BeginStep(step + 1);
            return;
        }

        node.Flight.Enter(Phase.Idle, context!.Epoch, step + 1);
        Answer(new StepApplied(context.Epoch, step, node.Incarnation));
    }

    private readonly List<RankReport> evaluated = [];

    private void OnEvaluate(EvaluateState m)
    {
        if (connecting is null || !orders.TakeEvaluation(m.Step))
        {
            AnswerAgain(m.Epoch);
            return;
        }

        evaluated.Clear();
        long sequences = m.MaxSequences <= 0 ? batches!.ValidationSequences : Math.Min(m.MaxSequences, batches!.ValidationSequences);
        foreach (UnitState unit in store!.Units)
        {
            if (unit is DenseUnit)
            {
                actors[$"rank-{unit.Id.Index}"].Actor.Tell(new BeginEvaluation(context!.Epoch, m.Step, sequences));
            }
        }
    }

    private void OnRankEvaluated(RankEvaluated m)
    {
        evaluated.Add(m.Report);
        if (evaluated.Count == LocalRanks)
        {
            node.Flight.Enter(Phase.Idle, context!.Epoch, m.Step);
            Answer(new EvaluationReport(m.Epoch, m.Step, node.Incarnation, evaluated.ToArray()));
        }
    }
}
