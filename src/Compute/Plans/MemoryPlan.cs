using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Plans;

/// <summary>
/// Where the bytes of a run lie, by logical rank and by node: computed from the shapes alone, nothing is allocated. Pure.
/// Gradients are fp32; mixed precision adds 2 bytes of bf16 weights to 12 of master, m and v per parameter, fp32 has 12 with the
/// weights as the master (MoC paper, Eq. 5).
/// </summary>
public sealed record MemoryPlan
{
    private const int GradientBytes = sizeof(float), MomentBytes = 2 * sizeof(float);

    /// <summary>Parameters of the model.</summary>
    public required ParameterCounts Parameters { get; init; }

    /// <summary>Bytes by logical rank, ascending.</summary>
    public required IReadOnlyList<RankBytes> Ranks { get; init; }

    /// <summary>Bytes by node, ascending. Ranks of one node share one copy of the dense weights and of replicated experts.</summary>
    public required IReadOnlyList<NodeBytes> Nodes { get; init; }

    /// <summary>Bytes of one full checkpoint.</summary>
    public long CheckpointBytes => Ranks.Sum(r => r.Checkpoint);

    /// <summary>
    /// Plans a model under a layout on <paramref name="nodes"/> nodes, ranks spread over them in contiguous, near-equal runs. Snapshots are those of one full checkpoint in writing, and
    /// with <paramref name="keepsSnapshots"/> (checkpoint.vault) the master, m and v that stay in memory after it. With <paramref name="copies"/> (recovery.copies) each node holds the master, m and v
    /// of that many other nodes' units, and a step's gradients of them.
    /// </summary>
    public static MemoryPlan Of(ModelSpec model, LogicalLayout layout, Precision precision, int nodes, bool keepsSnapshots = false, int copies = 0)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(layout);
        model.Validate();
        layout.Validate(model);
        SpecException.Require(nodes >= 1 && nodes <= layout.Ranks, "nodes", nodes, $"between 1 and layout.ranks = {layout.Ranks}");

        int weight = precision == Precision.BFloat16 ? 2 : 4, master = precision == Precision.BFloat16 ? 4 : 0;
        var units = new UnitOrder(model, layout);
        long dense = units.LayoutOf(UnitId.Dense(0)).Total;
        var experts = new long[layout.Ranks];
        var optimizer = new long[layout.Ranks];
        var checkpoint = new long[layout.Ranks];
        var kept = new long[layout.Ranks];
        var copied = new long[layout.Ranks];
        foreach (UnitId unit in units.Units)
        {
            int rank = units.OwnerRank(unit);
            (long begin, long count) = units.ShardOf(unit);
            optimizer[rank] += count * (master + MomentBytes);
            copied[rank] += count * (sizeof(float) + MomentBytes + GradientBytes);
            long stored = Stored(units.LayoutOf(unit), begin, count);
            checkpoint[rank] += stored * (weight + master + MomentBytes);
            kept[rank] += keepsSnapshots ? stored * (sizeof(float) + MomentBytes) : 0;
            experts[rank] += unit.Kind == UnitKind.Experts ? units.LayoutOf(unit).Total : 0;
        }

        RankBytes[] ranks = [.. Enumerable.Range(0, layout.Ranks).Select(r => new RankBytes(
            r, dense * weight, experts[r] * weight, (dense + experts[r]) * GradientBytes, optimizer[r], checkpoint[r] + kept[r], checkpoint[r])
        {
            Copies = copied.Max() * copies,
        })];
        long[] ofNode = [.. Enumerable.Range(0, nodes).Select(n => RanksOf(n, nodes, layout.Ranks)).Select(r => copied.Skip(r.First).Take(r.Count).Sum())];
        int each = Math.Min(copies, nodes - 1);
        return new MemoryPlan
        {
            Parameters = ParameterCounts.Of(model),
            Ranks = ranks,
            Nodes = [.. Enumerable.Range(0, nodes).Select(n => Node(ranks, layout, n, nodes) with
            {
                Copies = Enumerable.Range(1, each).Sum(d => ofNode[(n - d + nodes) % nodes]),
            })],
        };
    }

    /// <summary>The contiguous run of logical ranks that lies on <paramref name="node"/> of <paramref name="nodes"/>.</summary>
    internal static (int First, int Count) RanksOf(int node, int nodes, int ranks)
    {
        int each = ranks / nodes, extra = ranks % nodes;
        return ((node * each) + Math.Min(node, extra), each + (node < extra ? 1 : 0));
    }

    private static NodeBytes Node(RankBytes[] ranks, LogicalLayout layout, int node, int nodes)
    {
        (int first, int count) = RanksOf(node, nodes, layout.Ranks);
        RankBytes[] here = ranks[first..(first + count)];
        long weights = here[0].DenseWeights + here.DistinctBy(r => layout.PositionOf(r.Rank)).Sum(r => r.ExpertWeights);
        return new NodeBytes(node, first, count, weights, here.Sum(r => r.Gradients), here.Sum(r => r.Optimizer), here.Sum(r => r.Snapshots), here.Sum(r => r.Checkpoint));
    }

    // Parameters of a range of a flat group, alignment gaps left out: gaps are never stored.
    private static long Stored(ParameterLayout layout, long begin, long count) =>
        layout.Entries.Sum(e => Math.Max(0, Math.Min(e.Offset + e.Count, begin + count) - Math.Max(e.Offset, begin)));
}

/// <summary>Bytes of one logical rank, were it alone on its node.</summary>
/// <param name="Rank">Logical rank.</param>
/// <param name="DenseWeights">Weights of the dense part, whole.</param>
/// <param name="ExpertWeights">Weights of its experts.</param>
/// <param name="Gradients">fp32 gradients of both, before they are reduced.</param>
/// <param name="Optimizer">Its shard of master (mixed precision), m and v.</param>
/// <param name="Snapshots">Copies of its state that checkpoints hold in memory, at most: those in writing and, where they stay, those kept.</param>
/// <param name="Checkpoint">What it writes to a full checkpoint.</param>
public sealed record RankBytes(int Rank, long DenseWeights, long ExpertWeights, long Gradients, long Optimizer, long Snapshots, long Checkpoint)
{
    /// <summary>Copies of as large a rank's units, with a step's gradients of them.</summary>
    public long Copies { get; init; }

    /// <summary>Weights.</summary>
    public long Weights => DenseWeights + ExpertWeights;

    /// <summary>All of it; activations come on top.</summary>
    public long Memory => Weights + Gradients + Optimizer + Snapshots + Copies;
}

/// <summary>Bytes of one node.</summary>
/// <param name="Node">Index.</param>
/// <param name="FirstRank">First of its logical ranks.</param>
/// <param name="RankCount">Number of its logical ranks.</param>
/// <param name="Weights">Weights, each parameter once.</param>
/// <param name="Gradients">Gradients of its ranks.</param>
/// <param name="Optimizer">Optimizer shards of its ranks.</param>
/// <param name="Snapshots">Copies of its state that checkpoints hold in memory, at most: those in writing and, where they stay, those kept.</param>
/// <param name="Checkpoint">What it writes to a full checkpoint.</param>
public sealed record NodeBytes(int Node, int FirstRank, int RankCount, long Weights, long Gradients, long Optimizer, long Snapshots, long Checkpoint)
{
    /// <summary>Copies of other nodes' units, with a step's gradients of them.</summary>
    public long Copies { get; init; }

    /// <summary>All of it; activations come on top.</summary>
    public long Memory => Weights + Gradients + Optimizer + Snapshots + Copies;
}
