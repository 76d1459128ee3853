using MoeActors.Compute.Parameters;

namespace MoeActors.Compute.Checkpoints.Sharding;

/// <summary>What one logical rank writes to one checkpoint.</summary>
/// <param name="Rank">Logical rank, from 0.</param>
/// <param name="Weights">The bf16 weights assigned to it, dense pieces first; empty in fp32 runs.</param>
/// <param name="MasterBytes">fp32 master of the units it owns; in fp32 runs these are the weights.</param>
/// <param name="MomentBytes">fp32 m and v of the units it owns.</param>
public sealed record RankShare(int Rank, IReadOnlyList<WeightPiece> Weights, long MasterBytes, long MomentBytes)
{
    /// <summary>Bytes of <see cref="Weights"/>.</summary>
    public long WeightBytes { get; } = Weights.Sum(p => p.Bytes);

    /// <summary>Bytes of master, m and v: fixed by ownership (<see cref="UnitOrder.OwnerRank(UnitId)"/>).</summary>
    public long OptimizerBytes => MasterBytes + MomentBytes;

    /// <summary>All bytes.</summary>
    public long TotalBytes => WeightBytes + OptimizerBytes;
}
