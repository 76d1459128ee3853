using System.Diagnostics;

using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Diagnostics;
using MoeActors.Actors.Exchange;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.State;
using MoeActors.Compute.Optimization;
using MoeActors.Compute.Parameters;
using static TorchSharp.torch;

namespace MoeActors.Actors.Training;

/// <summary>
/// A device's part of the steps of an epoch: begin, gather its units' reports, relay the decision, put the new dense weights together, go on; and of the evaluations between them. Used on the compute thread only.
/// </summary>
/// <param name="device">What the device's parts share.</param>
/// <param name="children">Who computes.</param>
internal sealed class TrainingSession(DeviceState device, DeviceChildren children)
{
    private readonly List<RankReport> evaluated = [];
    private StepProgress? progress;
    private double stallMsOfLastStep, msOfLastStep;

    private DeviceStore Store => device.Store!;

    private NodeServices Node => device.Node;

    /// <summary>The epoch is over: the step in flight is dropped.</summary>
    public void Drop() => (progress, msOfLastStep) = (null, 0);

    /// <summary>Begins a step.</summary>
    public void Begin(long step)
    {
        device.Orders.BeginStep(step);
        progress = new StepProgress(step, Store.Units.Count, device.Context!.Spec.Layout.Ranks);
        device.Services.Clock.Begin();
        LogContext.Set(device.Context.Epoch, step);
        TellRanks(new BeginStep(device.Context.Epoch, step));
    }

    /// <summary>A unit's gradient is reduced.</summary>
    public void Reduced(UnitReduced m)
    {
        if (progress?.Step == m.Step && progress.Reduced(m.Unit, m.Rank))
        {
            TryReport();
        }
    }

    /// <summary>ST-1: the step is reported when the gradients of all units are reduced, and those of all copies held here have come.</summary>
    public void TryReport()
    {
        if (progress is { } step && step.Report(device.Copies.Cover(step.Step)))
        {
            if (AlteredDense() is { } altered)
            {
                device.Answer(altered);
                return;
            }

            // The lane's whole idle time is known only now; each rank is told the same.
            double exposed = device.Services.Clock.ExposedMs();
            device.Answer(new StepReport(
                device.Context!.Epoch, step.Step, Node.Incarnation,
                step.Ranks.Select(r => r with { ComputeMs = device.Services.Clock.ComputeMs(r.Rank), ExposedMs = exposed }).ToArray(),
                step.Units, stallMsOfLastStep, Stopwatch.GetElapsedTime(step.Begun).TotalMilliseconds, msOfLastStep));
        }
    }

    /// <summary>The step is decided.</summary>
    public void Decide(StepDecision m)
    {
        if (progress?.Decide(m) != true)
        {
            device.AnswerAgain(m.Epoch);
            return;
        }

        device.LastDecided = m.Update;
        Store.Settle();
        device.Copies.Settle();
        Node.Vault.Committed(m.Committed);
        children.TellAll(new ApplyDecision(m, m.Checkpoint is null ? null : new SnapshotPlan(device.Context!.Spec, m.Checkpoint)));

        // Beside training, on a thread of their own.
        device.Copies.Apply(m.Update, device.Context!.Spec.Training);
    }

    /// <summary>A unit's update is done.</summary>
    public void Updated(UnitUpdated m)
    {
        if (progress?.Step != m.Step)
        {
            return;
        }

        progress.Updated(m.Unit.Kind);
        progress.StallMs += m.StallMs;
        if (progress.IsUpdated)
        {
            Node.Vault.Go();
            device.Copies.Go();
        }

        TryGoOn();
    }

    /// <summary>A remote rank's range of the new dense weights.</summary>
    public void TakeWeights(Ticket ticket)
    {
        if (device.Context?.Epoch != ticket.Header.Epoch || progress?.Step != ticket.Header.Step || ticket.Header.Purpose != Purpose.WeightPiece)
        {
            // EP-1.
            ticket.Discard();
            return;
        }

        int rank = Endpoint.FromPacked(ticket.Header.Source).Rank;
        (long begin, long count) = Store.DenseLayout.Shard(rank, device.Context.Spec.Layout.Ranks);
        using (Tensor? piece = ticket.Take())
        {
            if (piece is not null)
            {
                // The sender knows a decision that may not have come here yet: from now on this range is of no step, then of the next.
                Store.DenseRanges[rank] = -1;
                FinishDenseSnapshots();
                using Tensor target = Store.DenseWeights.narrow(0, begin, count);
                using Tensor flat = piece.view(count);
                target.copy_(flat);
            }
        }

        Store.DenseRanges[rank] = progress.Step + 1;
        Store.DenseGuard.Seal(rank, progress.Step + 1);
        progress.DensePiece();
        TryGoOn();
    }

    /// <summary>Computes the validation loss of the state after a number of steps.</summary>
    public void Evaluate(EvaluateState m)
    {
        evaluated.Clear();
        long all = device.Batches!.ValidationSequences;
        TellRanks(new BeginEvaluation(device.Context!.Epoch, m.Step, m.MaxSequences <= 0 ? all : Math.Min(m.MaxSequences, all)));
    }

    /// <summary>A rank has evaluated its part.</summary>
    public void Evaluated(RankEvaluated m)
    {
        evaluated.Add(m.Report);
        if (evaluated.Count == Store.Units.Count(u => u is DenseUnit))
        {
            Node.Flight.Enter(Phase.Idle, device.Context!.Epoch, m.Step);
            device.Answer(new EvaluationReport(m.Epoch, m.Step, Node.Incarnation, evaluated.ToArray()));
        }
    }

    private void TellRanks(object message)
    {
        foreach (UnitState unit in Store.Units.Where(u => u is DenseUnit))
        {
            children.TellRank(unit.Id.Index, message);
        }
    }

    /// <summary>The failure to be reported instead of the step, where the dense weights are not those it should have been computed with.</summary>
    private NodeFault? AlteredDense()
    {
        EpochContext context = device.Context!;
        for (int rank = 0; rank < Store.DenseRanges.Length; rank++)
        {
            UnitState? own = context.IsLocal(rank) ? Store[UnitId.Dense(rank)] : null;
            if (own?.Guard.AlteredOwn(own) is { } altered)
            {
                return new NodeFault(context.Epoch, Node.Incarnation, $"rank-{rank}", own.Altered(altered).Message);
            }

            if (own is null && !Store.DenseGuard.IsIntact(rank, Store.DenseRanges[rank]))
            {
                Store.DenseRanges[rank] = -1;
                return new NodeFault(
                    context.Epoch, Node.Incarnation, "device-0", new StateAlteredException($"the dense weights that came from rank {rank} changed between two updates").Message);
            }
        }

        return null;
    }

    /// <summary>
    /// The dense weights are shared: they may not change before every rank's snapshot of them is copied. Master, m and v are each rank's own; in fp32 runs, whose master is the weights, a snapshot has nothing of another's range.
    /// </summary>
    private void FinishDenseSnapshots()
    {
        foreach (UnitState unit in Store.Units)
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
        Store.Restored = false;
        if (after == AfterStep.Continue)
        {
            Begin(step + 1);
            return;
        }

        Node.Flight.Enter(Phase.Idle, device.Context!.Epoch, step + 1);
        device.Answer(new StepApplied(device.Context.Epoch, step, Node.Incarnation));
    }
}
