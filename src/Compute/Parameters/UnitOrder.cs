using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Parameters;

/// <summary>
/// The optimizer's units in their canonical order, the order of every sum over units (DT-1): dense shards by rank, then for each
/// MoE layer, each position, the shards of its replicas by group. Each unit owns one range of one flat parameter group (ZeRO-2).
/// Pure and immutable after construction.
/// </summary>
public sealed class UnitOrder
{
    private readonly LogicalLayout layout;
    private readonly ParameterLayout dense;
    private readonly Dictionary<(int Layer, int Position), ParameterLayout> experts = [];

    /// <summary>Lays out all parameter groups of <paramref name="model"/> under <paramref name="layout"/>.</summary>
    public UnitOrder(ModelSpec model, LogicalLayout layout)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(layout);
        this.layout = layout;
        dense = ParameterLayout.Dense(model);
        foreach (int layer in model.MoeLayers())
        {
            for (int p = 0; p < layout.ExpertParallel; p++)
            {
                (int first, int count) = layout.ExpertsAt(p, model.Moe.Experts);
                experts.Add((layer, p), ParameterLayout.Experts(model, layer, first, count));
            }
        }

        Units = All(model, layout);
    }

    /// <summary>The units in canonical order.</summary>
    public IReadOnlyList<UnitId> Units { get; }

    /// <summary>The units of a model under a layout, in canonical order.</summary>
    public static IReadOnlyList<UnitId> All(ModelSpec model, LogicalLayout layout)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(layout);
        var units = new List<UnitId>();
        units.AddRange(Enumerable.Range(0, layout.Ranks).Select(UnitId.Dense));
        units.AddRange(
            from layer in model.MoeLayers()
            from position in Enumerable.Range(0, layout.ExpertParallel)
            from @group in Enumerable.Range(0, layout.Groups)
            select UnitId.Experts(layer, position, @group));
        return units;
    }

    /// <summary>Layout of the flat parameter group the unit's range lies in.</summary>
    public ParameterLayout LayoutOf(UnitId unit) => unit.Kind == UnitKind.Dense ? dense : experts[(unit.Layer, unit.Position)];

    /// <summary>The range of that group the unit owns; may be empty.</summary>
    public (long Begin, long Count) ShardOf(UnitId unit) =>
        LayoutOf(unit).Shard(unit.Index, unit.Kind == UnitKind.Dense ? layout.Ranks : layout.Groups);

    /// <summary>The logical rank that owns the unit: it holds its optimizer state and writes it to checkpoints.</summary>
    public int OwnerRank(UnitId unit) => OwnerRank(layout, unit);

    /// <inheritdoc cref="OwnerRank(UnitId)"/>
    public static int OwnerRank(LogicalLayout layout, UnitId unit)
    {
        ArgumentNullException.ThrowIfNull(layout);
        return unit.Kind == UnitKind.Dense ? unit.Index : (unit.Index * layout.ExpertParallel) + unit.Position;
    }
}
