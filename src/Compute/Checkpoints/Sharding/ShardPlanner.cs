using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Checkpoints.Sharding;

/// <summary>
/// Decides who writes what to a checkpoint. Optimizer state (master, m, v) is its owner's (ZeRO-2); the bf16 weights are replicated, so
/// who writes them is free, and that is what the modes decide. Pure, and cheap enough for every checkpoint: work and memory go with
/// the number of named parameters, never with their elements.
/// </summary>
public static class ShardPlanner
{
    /// <summary>Plans one checkpoint.</summary>
    /// <param name="model">The model.</param>
    /// <param name="layout">The logical layout.</param>
    /// <param name="precision">In fp32 there is no slot of weights and nothing to assign.</param>
    /// <param name="mode">How weights are assigned.</param>
    /// <param name="selection">By MoE layer ordinal the experts saved completely; null = all, a full checkpoint.</param>
    /// <param name="savesUnselected">Whether a slot (<see cref="Slots"/>) is saved of the other experts too; null = none is.</param>
    /// <returns>The plan. Throws <see cref="SpecException"/> on a layout, <see cref="ArgumentException"/> on a selection that cannot be.</returns>
    public static ShardPlan Plan(
        ModelSpec model,
        LogicalLayout layout,
        Precision precision,
        ShardingMode mode,
        IReadOnlyList<IReadOnlyList<int>>? selection = null,
        Func<string, bool>? savesUnselected = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(layout);
        layout.Validate(model);
        var saved = new SavedParts(model, selection, savesUnselected ?? (_ => false));
        var units = new UnitOrder(model, layout);
        (long[] master, long[] moments) = OptimizerWork.ByRank(units, layout, saved);
        if (precision == Precision.Float32)
        {
            RankShare[] owners = [.. master.Select((bytes, r) => new RankShare(r, [], bytes, moments[r]))];
            return new ShardPlan(mode, owners, $"{ShardingModes.Name(mode)}: in fp32 the master is the weights and its owner writes it, so there is nothing to assign");
        }

        IReadOnlyList<WeightPiece>[] experts = ExpertAssignment.ByRank(units, layout, saved, mode);
        IReadOnlyList<DenseModule> modules = DenseModules.Of(units.LayoutOf(UnitId.Dense(0)), layout.Ranks);
        ShardPlan With(IReadOnlyList<WeightPiece>[] dense, string reason) =>
            new(mode, [.. Enumerable.Range(0, layout.Ranks).Select(r => new RankShare(r, [.. dense[r], .. experts[r]], master[r], moments[r]))], reason);

        if (mode == ShardingMode.Baseline)
        {
            return With(DenseAssignment.FirstRank(modules, layout.Ranks), "baseline: rank 0 writes all dense weights, EP group 0 all expert weights, each owner its optimizer state");
        }

        string split = layout.Groups == 1 ? "each expert is written by the one rank that holds it" : $"each expert is split over its {layout.Groups} replicas";
        ShardPlan equal = With(
            DenseAssignment.Greedy(modules, new long[layout.Ranks]), $"equal: {split}, {modules.Count} dense modules are spread over {layout.Ranks} ranks by their bytes alone");
        return mode == ShardingMode.Equal ? equal : Adaptive();

        ShardPlan Adaptive()
        {
            long[] before = [.. experts.Select((pieces, r) => pieces.Sum(p => p.Bytes) + master[r] + moments[r])];
            (_, string balance) = ExpertBalance.Of(saved.Selected, layout);
            double mean = Math.Max(1, before.Average());
            string range = $"{balance}; {split}; expert and optimizer work is {before.Min() / mean:0.#%} to {before.Max() / mean:0.#%} of the mean";
            ShardPlan adaptive = With(DenseAssignment.Greedy(modules, before), $"adaptive: {range}, dense modules go where there is least of it");

            // Largest-first is a heuristic: blind to that work it can, by chance, come out lower.
            return adaptive.BottleneckBytes <= equal.BottleneckBytes
                ? adaptive
                : equal with { Reason = $"adaptive: {range}, and spreading the dense modules by their bytes alone comes out lower" };
        }
    }
}
