namespace MoeActors.Compute.Specs;

/// <summary>
/// The logical layout of a run, fixed for its life (DT-1): logical ranks, expert-parallel groups, chunk plan, threads per rank.
/// Placement on nodes is no part of it and never changes arithmetic.
/// </summary>
public sealed record LogicalLayout
{
    /// <summary>Most logical ranks, and with them nodes.</summary>
    public const int MostRanks = 4096;

    /// <summary>Logical ranks R; each is one routing group.</summary>
    public required int Ranks { get; init; }

    /// <summary>Expert-parallel degree D: ranks [g·D, (g+1)·D) form EP group g and hold all experts once; R / D replicas. Divides <see cref="Ranks"/>.</summary>
    public required int ExpertParallel { get; init; }

    /// <summary>libtorch threads each compute thread uses.</summary>
    public int ThreadsPerRank { get; init; } = 1;

    /// <summary>Most rows one dispatched chunk carries.</summary>
    public int ChunkRows { get; init; } = 1024;

    /// <summary>EP groups, the number of replicas of each expert.</summary>
    public int Groups => Ranks / ExpertParallel;

    /// <summary>EP group of <paramref name="rank"/>.</summary>
    public int GroupOf(int rank) => rank / ExpertParallel;

    /// <summary>Position of <paramref name="rank"/> in its EP group.</summary>
    public int PositionOf(int rank) => rank % ExpertParallel;

    /// <summary>
    /// Experts of one MoE layer held at EP position <paramref name="position"/>: a contiguous range. Uneven counts are allowed:
    /// the first N mod D positions hold one more.
    /// </summary>
    public (int First, int Count) ExpertsAt(int position, int experts)
    {
        int each = experts / ExpertParallel, extra = experts % ExpertParallel;
        return ((position * each) + Math.Min(position, extra), each + (position < extra ? 1 : 0));
    }

    /// <summary>EP position that holds <paramref name="expert"/> of <paramref name="experts"/>.</summary>
    public int PositionOfExpert(int expert, int experts)
    {
        for (int p = 0; p < ExpertParallel; p++)
        {
            (int first, int count) = ExpertsAt(p, experts);
            if (expert >= first && expert < first + count)
            {
                return p;
            }
        }

        throw new ArgumentOutOfRangeException(nameof(expert), expert, $"no position holds expert {expert} of {experts}");
    }

    /// <summary>Throws <see cref="SpecException"/> naming the first key that cannot be.</summary>
    public void Validate(ModelSpec model)
    {
        SpecLimits.Within(Ranks, 1, MostRanks, "layout.ranks");
        SpecException.Require(
            ExpertParallel >= 1 && Ranks % ExpertParallel == 0,
            "layout.expert-parallel", ExpertParallel, $"a divisor of layout.ranks = {Ranks}{(ExpertParallel > 1 ? $", or layout.ranks a multiple of {ExpertParallel}" : "")}");
        SpecException.Require(
            ExpertParallel <= model.Moe.Experts, "layout.expert-parallel", ExpertParallel, $"at most model.moe.experts = {model.Moe.Experts}: each position must hold an expert");
        SpecLimits.Within(ThreadsPerRank, 1, SpecLimits.Threads, "layout.threads-per-rank");
        SpecLimits.Within(ChunkRows, 1, SpecLimits.Batch, "layout.chunk-rows");
    }
}
