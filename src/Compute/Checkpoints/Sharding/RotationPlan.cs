using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Checkpoints.Sharding;

/// <summary>
/// The plans of all phases of one rotation of sequential PEC: which ranks are heavy moves with it, so no single checkpoint says how
/// even a mode is. Pure.
/// </summary>
/// <param name="Phases">Plan of each phase in order; one for a full checkpoint.</param>
public sealed record RotationPlan(IReadOnlyList<ShardPlan> Phases)
{
    /// <summary>Index of the phase whose bottleneck rank writes most; the first where several do.</summary>
    public int WorstPhase { get; } = Enumerable.Range(0, Phases.Count).MaxBy(i => Phases[i].BottleneckBytes);

    /// <summary>The plan of that phase.</summary>
    public ShardPlan Worst => Phases[WorstPhase];

    /// <summary>Bytes of the bottleneck rank, mean over the phases.</summary>
    public double MeanBottleneckBytes => Phases.Average(p => p.BottleneckBytes);

    /// <summary>Plans every phase with K = <paramref name="k"/> experts of each MoE layer saved completely; K = N is a full checkpoint.</summary>
    /// <inheritdoc cref="ShardPlanner.Plan"/>
    public static RotationPlan Of(
        ModelSpec model, LogicalLayout layout, Precision precision, ShardingMode mode, int k, Func<string, bool>? savesUnselected = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        int phases = ExpertRotation.Phases(model.Moe.Experts, k);
        return new RotationPlan([.. Enumerable.Range(0, phases).Select(c =>
            ShardPlanner.Plan(model, layout, precision, mode, ExpertRotation.Selection(model, layout, k, c), savesUnselected))]);
    }
}
