namespace MoeActors.Compute.Checkpoints.Sharding;

/// <summary>Who writes the dense weights. Pure.</summary>
internal static class DenseAssignment
{
    /// <summary>
    /// Greedy: the largest module first, to the rank with the least work so far, the lower rank on a tie. With
    /// <paramref name="before"/> all zero this is EN, with each rank's expert and optimizer work AN.
    /// </summary>
    /// <param name="modules">What there is to assign.</param>
    /// <param name="before">Bytes each rank writes anyway, as far as they are to count; not changed.</param>
    /// <returns>Pieces by rank.</returns>
    public static IReadOnlyList<WeightPiece>[] Greedy(IReadOnlyList<DenseModule> modules, IReadOnlyList<long> before)
    {
        List<WeightPiece>[] ranks = [.. before.Select(_ => new List<WeightPiece>())];
        var queue = new PriorityQueue<int, (long Bytes, int Rank)>(before.Select((bytes, rank) => (rank, (bytes, rank))));
        foreach (DenseModule module in modules.OrderByDescending(m => m.Bytes))
        {
            queue.TryDequeue(out int rank, out (long Bytes, int Rank) load);
            ranks[rank].AddRange(module.Pieces);
            queue.Enqueue(rank, (load.Bytes + module.Bytes, rank));
        }

        return [.. ranks];
    }

    /// <summary>Baseline: rank 0 writes all.</summary>
    public static IReadOnlyList<WeightPiece>[] FirstRank(IReadOnlyList<DenseModule> modules, int ranks) =>
        [.. Enumerable.Range(0, ranks).Select(r => r == 0 ? modules.SelectMany(m => m.Pieces).ToList() : [])];
}
