using MoeActors.Actors.Protocol;
using MoeActors.Compute.Optimization;
using MoeActors.Compute.Routing.Gates;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>PURE: the numbers of a decided step, sums in canonical order (DT-1).</summary>
internal static class StepDecisions
{
    /// <summary>Sums the nodes' reports: losses in rank order, squared norms in unit order, whatever node they came from.</summary>
    public static DecidedStep Evaluate(RunSpec spec, int epoch, long step, IEnumerable<StepReport> reports)
    {
        StepReport[] all = reports.ToArray();
        RankReport[] ranks = all.SelectMany(r => r.Ranks).OrderBy(r => r.Rank).ToArray();
        UnitReport[] units = all.SelectMany(r => r.Units).OrderBy(u => u.Unit).ToArray();
        double squared = 0, crossEntropy = 0;
        var losses = new SortedDictionary<string, double>(StringComparer.Ordinal);
        long tokens = 0, dropped = 0;
        foreach (UnitReport unit in units)
        {
            squared += unit.SquaredNorm;
        }

        foreach (RankReport rank in ranks)
        {
            crossEntropy += rank.CrossEntropySum;
            tokens += rank.Tokens;
            dropped += rank.Dropped;
            foreach (NamedLoss part in rank.Losses)
            {
                losses[part.Name] = losses.GetValueOrDefault(part.Name) + part.Value;
            }
        }

        double loss = crossEntropy / tokens, norm = Math.Sqrt(squared);
        return new DecidedStep(
            step, epoch, loss, tokens, norm, Schedule.LearningRate(spec.TrainingAt(step + 1), step + 1), losses.ToDictionary(l => l.Key, l => l.Value / ranks.Length), dropped,
            Skipped: !double.IsFinite(loss) || !double.IsFinite(norm),
            ranks.Max(r => r.ExposedMs), all.Max(r => r.SnapshotStallMs), ranks.MaxBy(r => r.ComputeMs)!.Rank)
        {
            ForwardBackwardMs = all.Max(r => r.ForwardBackwardMs),
            PreviousMs = all.Max(r => r.IterationMs),
            Load = Routed(spec, all),
        };
    }

    /// <summary>What of <paramref name="step"/> the nodes need to carry it out, beyond rates: the load, where a gate keeps state that goes by it.</summary>
    public static IReadOnlyList<long[]> LoadFor(RunSpec spec, DecidedStep step) => GateCatalogue.Of(spec.Model.Moe).Info.KeepsState ? step.Load : [];

    /// <summary>Choices of each target in the step, by ordinal of the MoE layer and target, over all ranks; drops not counted.</summary>
    private static long[][] Routed(RunSpec spec, StepReport[] reports)
    {
        int layers = spec.Model.MoeLayers().Count, targets = spec.Model.Moe.Targets;
        long[][] routed = [.. Enumerable.Range(0, layers).Select(_ => new long[targets])];
        foreach (RankReport rank in reports.SelectMany(r => r.Ranks))
        {
            for (int i = 0; i < rank.Routed.Count; i++)
            {
                routed[i / targets][i % targets] += rank.Routed[i];
            }
        }

        return routed;
    }

    /// <summary>Factor that clips the gradient to the configured norm.</summary>
    public static double GradientScale(RunSpec spec, DecidedStep step) =>
        step.Skipped ? 0 : Clipping.Scale(step.GradientNorm, spec.Training.ClipNorm);
}
