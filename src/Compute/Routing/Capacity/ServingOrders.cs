namespace MoeActors.Compute.Routing.Capacity;

/// <summary>PURE: orders in which choices are served, all deterministic: equal ones in the order they are in.</summary>
internal static class ServingOrders
{
    /// <summary>Highest priority first; one that is no number counts as the lowest.</summary>
    public static int[] ByPriority(Choices choices, CapacityLimits limits) =>
        Sorted(choices.Count, (a, b) => choices.Priority[b].CompareTo(choices.Priority[a]));

    /// <summary>As they come: token by token.</summary>
    public static int[] ByToken(Choices choices, CapacityLimits limits) => [.. Enumerable.Range(0, choices.Count)];

    /// <summary>All first choices in the order of their tokens, then all second ones (GShard; DeepSpeed's top-2).</summary>
    public static int[] FirstChoicesFirst(Choices choices, CapacityLimits limits)
    {
        int[] turn = Turns(choices);
        return Sorted(choices.Count, (a, b) => turn[a].CompareTo(turn[b]));
    }

    /// <summary>Tokens by their best priority, all their first choices before all second ones (V-MoE, Tutel).</summary>
    public static int[] BestTokensFirst(Choices choices, CapacityLimits limits)
    {
        int[] turn = Turns(choices);
        float[] best = new float[choices.Tokens];
        Array.Fill(best, float.NaN);
        for (int i = 0; i < choices.Count; i++)
        {
            best[choices.Token[i]] = choices.Priority[i].CompareTo(best[choices.Token[i]]) > 0 ? choices.Priority[i] : best[choices.Token[i]];
        }

        return Sorted(choices.Count, (a, b) => turn[a].CompareTo(turn[b]) is not 0 and int by ? by : best[choices.Token[b]].CompareTo(best[choices.Token[a]]));
    }

    /// <summary>At random, by the counters of step, layer, token and expert (DeepSpeed's random token selection).</summary>
    public static int[] AtRandom(Choices choices, CapacityLimits limits)
    {
        PassNoise draw = limits.Draw ?? new PassNoise(0, 0, 0, 0);
        ulong[] bits = [.. Enumerable.Range(0, choices.Count).Select(i => GateNoise.Bits(draw, choices.Token[i], choices.Expert[i]))];
        return Sorted(choices.Count, (a, b) => bits[a].CompareTo(bits[b]));
    }

    /// <summary>Which of its token's choices each one is, from 0.</summary>
    private static int[] Turns(Choices choices)
    {
        int[] turn = new int[choices.Count];
        for (int i = 1; i < turn.Length; i++)
        {
            turn[i] = choices.Token[i] == choices.Token[i - 1] ? turn[i - 1] + 1 : 0;
        }

        return turn;
    }

    private static int[] Sorted(int count, Comparison<int> by)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        Array.Sort(order, (a, b) => by(a, b) is not 0 and int different ? different : a.CompareTo(b));
        return order;
    }
}
