namespace MoeActors.Compute.Checkpoints.Sharding;

/// <summary>
/// Who writes what to one checkpoint. The weight pieces of all ranks tile every saved parameter exactly once (CK-1). The time to
/// write it is that of the bottleneck rank.
/// </summary>
/// <param name="Mode">How the weights were assigned.</param>
/// <param name="Ranks">Every rank's share, ascending.</param>
/// <param name="Reason">Why so, one sentence for people.</param>
public sealed record ShardPlan(ShardingMode Mode, IReadOnlyList<RankShare> Ranks, string Reason)
{
    /// <summary>The rank that writes most; the lowest where several do.</summary>
    public int BottleneckRank { get; } = Ranks.MaxBy(r => r.TotalBytes)?.Rank ?? throw new ArgumentException("a plan has at least one rank", nameof(Ranks));

    /// <summary>Bytes of the bottleneck rank.</summary>
    public long BottleneckBytes => Ranks[BottleneckRank].TotalBytes;

    /// <summary>Bytes of the whole checkpoint's tensors.</summary>
    public long TotalBytes => Ranks.Sum(r => r.TotalBytes);
}
