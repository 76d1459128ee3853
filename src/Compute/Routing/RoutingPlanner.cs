using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Routing;

/// <summary>Turns the gate's choices into a <see cref="RoutingPlan"/>: drops by capacity, order by (expert, token), chunks. Pure.</summary>
public static class RoutingPlanner
{
    /// <summary>Most rows one expert takes from a routing group of <paramref name="tokens"/>: ⌈γ·t·k/N⌉ (GShard eq. 1, Switch §2.2); unlimited for γ = 0.</summary>
    public static int Capacity(MoeSpec moe, int tokens)
    {
        ArgumentNullException.ThrowIfNull(moe);
        // Decimal: 1.1 · 100 / 10 is 11, not 11.000000000000002 rounded up to 12.
        return moe.CapacityFactor == 0 ? int.MaxValue : (int)Math.Min(int.MaxValue, decimal.Ceiling((decimal)moe.CapacityFactor * tokens * moe.TopK / moe.Experts));
    }

    /// <summary>Plans one routing group's dispatch.</summary>
    /// <param name="moe">Experts N, top-k, capacity factor.</param>
    /// <param name="layout">EP positions and chunk size.</param>
    /// <param name="experts">Chosen experts, [tokens · k] row-major; a token never chooses an expert twice.</param>
    /// <param name="scores">Gate scores of the choices, [tokens · k]; over capacity the lowest are dropped, ties drop the later token.</param>
    /// <param name="tokens">Tokens of the group.</param>
    /// <param name="training">Whether capacity applies; evaluation is dropless.</param>
    public static RoutingPlan Plan(MoeSpec moe, LogicalLayout layout, ReadOnlySpan<long> experts, ReadOnlySpan<float> scores, int tokens, bool training)
    {
        ArgumentNullException.ThrowIfNull(moe);
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentOutOfRangeException.ThrowIfNotEqual(experts.Length, tokens * moe.TopK, nameof(experts));
        ArgumentOutOfRangeException.ThrowIfNotEqual(scores.Length, experts.Length, nameof(scores));

        int[] routed = new int[moe.Experts];
        foreach (long expert in experts)
        {
            routed[checked((int)expert)]++;
        }

        // Counting sort of the choices by expert; choices come in token order, so each expert's stay in it.
        int[] begin = new int[moe.Experts + 1];
        for (int e = 0; e < moe.Experts; e++)
        {
            begin[e + 1] = begin[e] + routed[e];
        }

        int[] choices = new int[experts.Length];
        int[] next = begin[..^1];
        for (int i = 0; i < experts.Length; i++)
        {
            choices[next[experts[i]]++] = i;
        }

        int capacity = training ? Capacity(moe, tokens) : int.MaxValue;
        int[] kept = [.. routed.Select(n => Math.Min(n, capacity))];
        int rows = kept.Sum();
        int[] token = new int[rows], slot = new int[rows];
        int row = 0;
        for (int e = 0; e < moe.Experts; e++)
        {
            Span<int> own = choices.AsSpan(begin[e], routed[e]);
            if (routed[e] > capacity)
            {
                own = KeepBest(own, scores, capacity);
            }

            foreach (int choice in own)
            {
                token[row] = choice / moe.TopK;
                slot[row++] = choice % moe.TopK;
            }
        }

        return new RoutingPlan
        {
            Tokens = tokens,
            Token = token,
            Slot = slot,
            Kept = kept,
            Routed = routed,
            Chunks = ChunkPlanner.Plan(layout, kept),
        };
    }

    // Highest scores first, ties by earlier token; the kept ones back in token order. A NaN score counts as the lowest.
    private static Span<int> KeepBest(Span<int> choices, ReadOnlySpan<float> scores, int capacity)
    {
        var ranked = new (float Score, int Choice)[choices.Length];
        for (int i = 0; i < choices.Length; i++)
        {
            ranked[i] = (scores[choices[i]], choices[i]);
        }

        Array.Sort(ranked, static (a, b) => b.Score.CompareTo(a.Score) is not 0 and int order ? order : a.Choice.CompareTo(b.Choice));
        Span<int> kept = choices[..capacity];
        for (int i = 0; i < capacity; i++)
        {
            kept[i] = ranked[i].Choice;
        }

        kept.Sort();
        return kept;
    }
}
