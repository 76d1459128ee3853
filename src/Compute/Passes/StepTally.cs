using MoeActors.Compute.Routing;
using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Passes;

/// <summary>Adds up a step's losses and routing counts: each rank's micro-batches first, then the ranks in order (DT-1). Pure bookkeeping.</summary>
public sealed class StepTally
{
    private readonly RunSpec spec;
    private readonly double[] loss; // by rank
    private readonly SortedDictionary<string, double[]> auxiliary = new(StringComparer.Ordinal); // by name and rank
    private readonly long[][] routed, dropped; // [MoE layer][expert]

    /// <summary>An empty tally for one step of <paramref name="spec"/>.</summary>
    public StepTally(RunSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        this.spec = spec;
        loss = new double[spec.Layout.Ranks];
        int layers = spec.Model.MoeLayers().Count;
        routed = [.. Enumerable.Range(0, layers).Select(_ => new long[spec.Model.Moe.Targets])];
        dropped = [.. Enumerable.Range(0, layers).Select(_ => new long[spec.Model.Moe.Targets])];
    }

    /// <summary>Adds one pass of <paramref name="rank"/>: its loss and its plans by MoE layer.</summary>
    public void Add(int rank, LossParts parts, IReadOnlyList<RoutingPlan> plans)
    {
        ArgumentNullException.ThrowIfNull(parts);
        ArgumentNullException.ThrowIfNull(plans);
        loss[rank] += parts.CrossEntropySum;
        foreach ((string name, double value) in parts.Auxiliary)
        {
            if (!auxiliary.TryGetValue(name, out double[]? ranks))
            {
                auxiliary[name] = ranks = new double[loss.Length];
            }

            ranks[rank] += value;
        }

        for (int m = 0; m < plans.Count; m++)
        {
            for (int e = 0; e < routed[m].Length; e++)
            {
                routed[m][e] += plans[m].Routed[e];
                dropped[m][e] += e < plans[m].Kept.Length ? plans[m].Routed[e] - plans[m].Kept[e] : 0;
            }
        }
    }

    /// <summary>Mean cross-entropy over the step's tokens.</summary>
    public double Loss => Sum(loss) / ((double)spec.Training.GlobalBatch * spec.Model.Context);

    /// <summary>Choices before drops so far, [MoE layer][target].</summary>
    public IReadOnlyList<long[]> Routed => routed;

    /// <summary>The step's result.</summary>
    public StepResult Result(long step, double norm, double learningRate, bool applied)
    {
        double groups = (double)spec.Layout.Ranks * spec.Training.MicroBatches;
        return new(step, Loss, norm, learningRate, auxiliary.ToDictionary(a => a.Key, a => Sum(a.Value) / groups), routed, dropped, applied);
    }

    private static double Sum(double[] ranks) => ranks.Aggregate(0.0, (a, b) => a + b);
}
