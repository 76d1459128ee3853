namespace MoeActors.Compute.Specs;

/// <summary>What a non-finite loss or gradient does.</summary>
public sealed record NonFinitePolicy
{
    /// <summary>Consecutive skipped steps after which the run stops; 0 stops at the first.</summary>
    public int StopAfter { get; init; } = 5;
}
