namespace MoeActors.Actors.Faults;

/// <summary>How far fault injection may go on a cluster (AD-1): the same on every node.</summary>
/// <param name="Enabled">Whether there is any.</param>
/// <param name="MaxActive">Most faults at once.</param>
/// <param name="MaxDuration">Longest a fault may last.</param>
/// <param name="MaxScheduled">Most faults that wait for their step or time.</param>
public sealed record FaultLimits(bool Enabled, int MaxActive, TimeSpan MaxDuration, int MaxScheduled = 100)
{
    /// <summary>No fault injection.</summary>
    public static FaultLimits Off { get; } = new(false, 0, TimeSpan.Zero, 0);
}
