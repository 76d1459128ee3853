namespace MoeActors.Compute.Routing.Capacity;

/// <summary>PURE: each expert keeps the choices of the highest priority; of equal ones the later go first, and one that is no number counts as the lowest.</summary>
public sealed class ScoreCapacity : ICapacityPolicy
{
    /// <inheritdoc/>
    public string Name => "score";

    /// <inheritdoc/>
    public CapacityDecision Decide(Choices choices, CapacityLimits limits)
    {
        ArgumentNullException.ThrowIfNull(choices);
        int[] counts = limits.PerExpert >= choices.Count ? [] : choices.PerExpert(limits.Experts);
        if (counts.All(n => n <= limits.PerExpert))
        {
            return new CapacityDecision(null, "no expert has more than it may");
        }

        bool[] kept = new bool[choices.Count];
        Array.Fill(kept, true);
        for (int e = 0; e < counts.Length; e++)
        {
            if (counts[e] > limits.PerExpert)
            {
                DropLowest(choices, e, counts[e], limits.PerExpert, kept);
            }
        }

        return new CapacityDecision(kept, $"at most {limits.PerExpert} each: {kept.Count(k => !k)} choices of the lowest scores go");
    }

    private static void DropLowest(Choices choices, int expert, int count, int most, bool[] kept)
    {
        var ranked = new (float Priority, int Choice)[count];
        for (int i = 0, n = 0; i < choices.Count; i++)
        {
            if (choices.Expert[i] == expert)
            {
                ranked[n++] = (choices.Priority[i], i);
            }
        }

        Array.Sort(ranked, static (a, b) => b.Priority.CompareTo(a.Priority) is not 0 and int order ? order : a.Choice.CompareTo(b.Choice));
        foreach ((_, int choice) in ranked.AsSpan(most))
        {
            kept[choice] = false;
        }
    }
}
