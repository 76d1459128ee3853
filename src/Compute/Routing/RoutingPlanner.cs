using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Routing;

/// <summary>Turns the gate's choices that are kept into a <see cref="RoutingPlan"/>: order by (expert, token), chunks. Pure.</summary>
public static class RoutingPlanner
{
    /// <summary>Most rows one expert takes from a routing group of <paramref name="tokens"/>: ⌈γ·t·k/N⌉ (GShard eq. 1, Switch §2.2); unlimited for γ = 0.</summary>
    public static int Capacity(MoeSpec moe, int tokens)
    {
        ArgumentNullException.ThrowIfNull(moe);
        // Decimal: 1.1 · 100 / 10 is 11, not 11.000000000000002 rounded up to 12.
        return moe.CapacityFactor == 0 ? int.MaxValue : (int)Math.Min(int.MaxValue, decimal.Ceiling((decimal)moe.CapacityFactor * tokens * moe.TopK / moe.Experts));
    }

    /// <summary>Most rows one expert takes from a routing group of <paramref name="tokens"/> in a phase.</summary>
    public static int Capacity(MoeSpec moe, int tokens, CapacityPhase phase) => phase == CapacityPhase.Training ? Capacity(moe, tokens) : int.MaxValue;

    /// <summary>Plans one routing group's dispatch.</summary>
    /// <param name="layout">EP positions and chunk size.</param>
    /// <param name="experts">Experts N.</param>
    /// <param name="targets">What is chosen among: the experts, and after them what nothing is sent for.</param>
    /// <param name="choices">What the gate chose.</param>
    /// <param name="kept">Which of the choices are kept; null = all.</param>
    public static RoutingPlan Plan(LogicalLayout layout, int experts, int targets, Choices choices, bool[]? kept = null)
    {
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(choices);
        int[] routed = choices.PerExpert(targets), rows = new int[experts];
        for (int i = 0; i < choices.Count; i++)
        {
            if (choices.Expert[i] < experts && (kept is null || kept[i]))
            {
                rows[choices.Expert[i]]++;
            }
        }

        // Counting sort of the choices by expert; choices come in token order, so each expert's stay in it.
        int[] next = new int[experts];
        for (int e = 1; e < experts; e++)
        {
            next[e] = next[e - 1] + rows[e - 1];
        }

        int[] token = new int[rows.Sum()], choice = new int[token.Length];
        for (int i = 0; i < choices.Count; i++)
        {
            if (choices.Expert[i] < experts && (kept is null || kept[i]))
            {
                int row = next[choices.Expert[i]]++;
                (token[row], choice[row]) = (choices.Token[i], i);
            }
        }

        return new RoutingPlan
        {
            Tokens = choices.Tokens,
            Token = token,
            Choice = choice,
            Choices = choices.Count,
            Kept = rows,
            Routed = routed,
            Chunks = ChunkPlanner.Plan(layout, rows),
        };
    }
}
