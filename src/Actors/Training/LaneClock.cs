namespace MoeActors.Actors.Training;

/// <summary>Time spent computing, by logical rank; the rest of a step's wall time was spent waiting. Used on the compute thread only.</summary>
/// <param name="time">The node's clock, of which the monotonic part counts.</param>
internal sealed class LaneClock(TimeProvider time)
{
    private readonly Dictionary<int, long> busy = [];
    private long allBusy;
    private long begun = time.GetTimestamp();

    /// <summary>A moment to book from.</summary>
    public long Now => time.GetTimestamp();

    /// <summary>A step begins.</summary>
    public void Begin()
    {
        busy.Clear();
        allBusy = 0;
        begun = Now;
    }

    /// <summary>Books the time since <paramref name="since"/> to <paramref name="rank"/>.</summary>
    public void Book(int rank, long since)
    {
        long spent = Now - since;
        busy[rank] = busy.GetValueOrDefault(rank) + spent;
        allBusy += spent;
    }

    /// <summary>Milliseconds <paramref name="rank"/> and its shards computed.</summary>
    public double ComputeMs(int rank) => time.GetElapsedTime(0, busy.GetValueOrDefault(rank)).TotalMilliseconds;

    /// <summary>Milliseconds of the step so far in which the lane had nothing to compute.</summary>
    public double ExposedMs() => Math.Max(0, time.GetElapsedTime(begun + allBusy).TotalMilliseconds);
}
