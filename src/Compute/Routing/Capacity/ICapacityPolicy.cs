namespace MoeActors.Compute.Routing.Capacity;

/// <summary>What an expert may take from a routing group.</summary>
/// <param name="Experts">Experts N; targets beyond them have no limit.</param>
/// <param name="PerExpert">Most rows of one; <see cref="int.MaxValue"/> = any number.</param>
public readonly record struct CapacityLimits(int Experts, int PerExpert)
{
    /// <summary>EP position of each expert, [N]: what limits that hold for all experts of a rank together go by; null = one for all.</summary>
    public int[]? Positions { get; init; }

    /// <summary>Which draws are made; null = those of nobody, which are the same in every step.</summary>
    public PassNoise? Draw { get; init; }
}

/// <summary>What is kept.</summary>
/// <param name="Kept">Whether each choice is kept, [c]; null = all are.</param>
/// <param name="Reason">Why, for people.</param>
public sealed record CapacityDecision(bool[]? Kept, string Reason);

/// <summary>Which choices go where an expert would have more than it may. PURE.</summary>
public interface ICapacityPolicy
{
    /// <summary>Its name in settings.</summary>
    string Name { get; }

    /// <summary>What it keeps, on a line.</summary>
    string Rule { get; }

    /// <summary>Decides; the same choices and limits give the same answer.</summary>
    CapacityDecision Decide(Choices choices, CapacityLimits limits);
}
