namespace MoeActors.Compute.Routing.Capacity;

/// <summary>PURE: serves choices in an order, each as long as there is room where it goes. What every policy does that is told apart by its order alone.</summary>
/// <param name="name">Name in settings.</param>
/// <param name="rule">What it keeps, on a line.</param>
/// <param name="order">All choices, the first to be served first. Called only where somewhere there is too little room.</param>
public sealed class RankedCapacity(string name, string rule, Func<Choices, CapacityLimits, int[]> order) : ICapacityPolicy
{
    /// <summary>Whether the limit holds for all experts of an EP position together.</summary>
    public bool PerPosition { get; init; }

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public string Rule => rule;

    /// <inheritdoc/>
    public CapacityDecision Decide(Choices choices, CapacityLimits limits)
    {
        ArgumentNullException.ThrowIfNull(choices);
        if (limits.PerExpert >= choices.Count)
        {
            return new CapacityDecision(null, "nobody can have more than it may");
        }

        int[] place = Places(limits);
        long[] room = Room(limits, place), wanted = new long[room.Length];
        foreach (int expert in choices.Expert)
        {
            if (expert < limits.Experts)
            {
                wanted[place[expert]]++;
            }
        }

        if (!wanted.Where((n, p) => n > room[p]).Any())
        {
            return new CapacityDecision(null, "nobody has more than it may");
        }

        bool[] kept = new bool[choices.Count];
        foreach (int i in order(choices, limits))
        {
            kept[i] = choices.Expert[i] >= limits.Experts || room[place[choices.Expert[i]]]-- > 0;
        }

        return new CapacityDecision(kept, $"at most {limits.PerExpert} {(PerPosition ? "for each expert of a rank" : "each")}: {kept.Count(k => !k)} choices go ({rule})");
    }

    private int[] Places(CapacityLimits limits) => PerPosition ? limits.Positions ?? new int[limits.Experts] : [.. Enumerable.Range(0, limits.Experts)];

    private static long[] Room(CapacityLimits limits, int[] place)
    {
        long[] room = new long[place.Length == 0 ? 0 : place.Max() + 1];
        foreach (int p in place)
        {
            room[p] += limits.PerExpert;
        }

        return room;
    }
}
