using MoeActors.Actors.Exchange;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.Training;
using MoeActors.Compute.Parameters;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>The device's part of a step.</summary>
internal sealed partial class SimDevice
{
    private readonly List<RankReport> evaluated = [];

    public void OnReduced(int epoch, long step, UnitReport unit, RankReport? rank)
    {
        if (context?.Epoch == epoch && progress?.Step == step && progress.Reduced(unit, rank))
        {
            TryReport();
        }
    }

    public void OnUpdated(int epoch, long step, UnitKind kind)
    {
        if (context?.Epoch == epoch && progress?.Step == step)
        {
            progress.Updated(kind);
            TryGoOn();
        }
    }

    public void OnRankEvaluated(int epoch, long step, RankReport report)
    {
        if (context?.Epoch != epoch)
        {
            return;
        }

        evaluated.Add(report);
        if (evaluated.Count == actors.Values.OfType<SimRank>().Count())
        {
            Answer(new EvaluationReport(epoch, step, process.Identity.Incarnation, [.. evaluated]));
        }
    }

    private void BeginStep(long step)
    {
        orders.BeginStep(step);
        progress = new StepProgress(step, Store!.Units.Count, world.Layout.Ranks);
        int epoch = context!.Epoch;
        foreach (SimRank rank in actors.Values.OfType<SimRank>())
        {
            rank.Mail.Post(() => rank.BeginStep(epoch, step));
        }
    }

    private void TryReport()
    {
        if (progress is { } step && step.Report(world.Seams.Cover(Copies.Book, step.Step)))
        {
            var report = new StepReport(context!.Epoch, step.Step, process.Identity.Incarnation, [.. step.Ranks], [.. step.Units], 0);
            world.Oracle.Reported(report);
            Answer(report);
        }
    }

    private void OnDecision(StepDecision m)
    {
        if (progress is null || !world.Seams.IsNew(progress, m))
        {
            AnswerAgain(m.Epoch);
            return;
        }

        lastDecided = m.Update;
        Store!.Settle();
        Copies.Book.Settle();
        process.Vault.Committed(m.Committed);
        (int epoch, long completed, int units) = (m.Epoch, m.Step + 1, Store.Units.Count);
        Action<SimUnit>? snapshot = m.Checkpoint is { } order ? unit => Snapshot(unit, order, epoch, completed, units) : null;
        foreach (SimActor actor in actors.Values)
        {
            actor.Mail.Post(() => actor.OnDecision(m, snapshot));
        }

        Copies.Apply(m.Update);
    }

    private void Snapshot(SimUnit unit, CheckpointOrder order, int epoch, long completed, int units)
    {
        bool all = order.Complete || unit.Id.Kind == UnitKind.Dense;
        IReadOnlyList<SimPart> parts = unit.Content.Parts;
        for (int i = 0; i < parts.Count && world.Setup.Spec.Checkpoint.KeepsSnapshots; i++)
        {
            if (all || order.Snapshot[0].Contains(parts[i].Expert))
            {
                process.Vault.Keep(parts[i], completed, unit.Content[i]);
            }
        }

        process.Writer.Queue(new SimSnapshot(
            epoch, completed, unit.Id, units, [.. parts.Select((part, i) => (part, unit.Content[i])).Where(p => all || order.Persist[0].Contains(p.part.Expert))]));
    }

    private void OnWeights(SimTicket ticket)
    {
        if (context?.Epoch != ticket.Header.Epoch || progress?.Step != ticket.Header.Step || ticket.Header.Purpose != Purpose.WeightPiece)
        {
            return;
        }

        int rank = Endpoint.FromPacked(ticket.Header.Source).Rank;
        Store!.Dense[rank] = ticket.Payload;
        Store.DenseRanges[rank] = progress.Step + 1;
        progress.DensePiece();
        TryGoOn();
    }

    private void TryGoOn()
    {
        if (!progress!.IsDone)
        {
            return;
        }

        (long step, AfterStep after) = (progress.Step, progress.Decision!.After);
        progress = null;
        Store!.Restored = false;
        world.Oracle.StepDone(process, context!.Epoch, step, Store);
        if (after == AfterStep.Continue)
        {
            BeginStep(step + 1);
        }
        else
        {
            Answer(new StepApplied(context.Epoch, step, process.Identity.Incarnation));
        }
    }

    private void OnEvaluate(EvaluateState m)
    {
        if (connecting is null || !orders.TakeEvaluation(m.Step))
        {
            AnswerAgain(m.Epoch);
            return;
        }

        evaluated.Clear();
        foreach (SimRank rank in actors.Values.OfType<SimRank>())
        {
            rank.Mail.Post(() => rank.BeginEvaluation(m.Epoch, m.Step));
        }
    }
}
