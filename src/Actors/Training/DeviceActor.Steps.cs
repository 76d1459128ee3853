using System.Diagnostics;

using Akka.Actor;
using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Cluster;
using MoeActors.Actors.Exchange;
using MoeActors.Actors.Faults;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Models;
using static TorchSharp.torch;

namespace MoeActors.Actors.Training;

/// <summary>The device's part of a step: begin, gather reports, relay the decision, put the new dense weights together, go on.</summary>
internal sealed partial class DeviceActor
{
    private StepProgress? progress;

    /// <summary>How far the step is on this device.</summary>
    private sealed class StepProgress(long step)
    {
        public long Begun { get; } = Stopwatch.GetTimestamp();

        public long Step => step;

        public List<RankReport> Ranks { get; } = [];

        public List<UnitReport> Units { get; } = [];

        public StepDecision? Decision { get; set; }

        public int UnitsUpdated { get; set; }

        public int DensePieces { get; set; }

        public double StallMs { get; set; }
    }

    private double stallMsOfLastStep, msOfLastStep;

    private int LocalRanks => store!.Units.Count(u => u is DenseUnit);

    private void OnStart(StartSteps m)
    {
        if (connecting is null || m.Step <= begunStep)
        {
            AnswerAgain(m.Epoch);
            return;
        }

        BeginStep(m.Step);
    }

    private void BeginStep(long step)
    {
        begunStep = step;
        progress = new StepProgress(step);
        services.Clock.Begin();
        LogContext.Set(context!.Epoch, step);
        foreach (UnitState unit in store!.Units)
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

        progress.Units.Add(m.Unit);
        if (m.Rank is not null)
        {
            progress.Ranks.Add(m.Rank);
        }

        if (progress.Units.Count == store!.Units.Count)
        {
            // The lane's whole idle time is known only now; each rank is told the same.
            double exposed = services.Clock.ExposedMs();
            Answer(new StepReport(
                m.Epoch, m.Step, node.Incarnation,
                progress.Ranks.Select(r => r with { ComputeMs = services.Clock.ComputeMs(r.Rank), ExposedMs = exposed }).ToArray(),
                progress.Units, stallMsOfLastStep, Stopwatch.GetElapsedTime(progress.Begun).TotalMilliseconds, msOfLastStep));
        }
    }

    private void OnDecision(StepDecision m)
    {
        if (progress?.Step != m.Step || progress.Decision is not null)
        {
            AnswerAgain(m.Epoch);
            return;
        }

        progress.Decision = m;
        store!.Step = -1;
        node.Vault.Committed(m.Committed);
        var apply = new ApplyDecision(m, m.Checkpoint is null ? null : new SnapshotPlan(context!.Spec, m.Checkpoint));
        foreach ((IActorRef actor, _) in actors.Values)
        {
            actor.Tell(apply);
        }
    }

    private void OnUpdated(UnitUpdated m)
    {
        if (progress?.Step != m.Step)
        {
            return;
        }

        progress.UnitsUpdated++;
        progress.StallMs += m.StallMs;
        if (m.Unit.Kind == UnitKind.Dense)
        {
            progress.DensePieces++;
        }

        TryGoOn();
    }

    /// <summary>A remote rank's range of the new dense weights.</summary>
    private void OnTicket(Ticket ticket)
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
                FinishDenseSnapshots();
                using Tensor target = store.DenseWeights.narrow(0, begin, count);
                using Tensor flat = piece.view(count);
                target.copy_(flat);
            }
        }

        progress.DensePieces++;
        TryGoOn();
    }

    /// <summary>The dense weights are shared: they may not change before every rank's snapshot of them is copied.</summary>
    private void FinishDenseSnapshots()
    {
        foreach (UnitState unit in store!.Units)
        {
            progress!.StallMs += unit is DenseUnit ? unit.FinishSnapshot() : 0;
        }
    }

    private void TryGoOn()
    {
        StepDecision? decision = progress!.Decision;
        if (decision is null || progress.DensePieces < context!.Spec.Layout.Ranks || progress.UnitsUpdated < store!.Units.Count)
        {
            return;
        }

        long step = progress.Step;
        stallMsOfLastStep = progress.StallMs;
        msOfLastStep = Math.Max(0, Stopwatch.GetElapsedTime(progress.Begun).TotalMilliseconds - progress.StallMs);
        progress = null;
        store.Step = step + 1;
        if (decision.After == AfterStep.Continue)
        {
            BeginStep(step + 1);
            return;
        }

        node.Flight.Enter(Phase.Idle, context.Epoch, step + 1);
        Answer(new StepApplied(context.Epoch, step, node.Incarnation));
    }

    private readonly List<RankReport> evaluated = [];

    private void OnEvaluate(EvaluateState m)
    {
        if (connecting is null || m.Step <= evaluatedStep)
        {
            AnswerAgain(m.Epoch);
            return;
        }

        evaluatedStep = m.Step;
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
