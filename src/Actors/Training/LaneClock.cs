using System.Diagnostics;

namespace MoeActors.Actors.Training;

/// <summary>Time spent computing, by logical rank; the rest of a step's wall time was spent waiting. Used on the compute lane only.</summary>
internal sealed class LaneClock
{
    private readonly Dictionary<int, long> busy = [];
    private long allBusy;
    private long begun = Stopwatch.GetTimestamp();

    /// <summary>A step begins.</summary>
    public void Begin()
    {
        busy.Clear();
        allBusy = 0;
        begun = Stopwatch.GetTimestamp();
    }

    /// <summary>Books the time since <paramref name="since"/> to <paramref name="rank"/>.</summary>
    public void Book(int rank, long since)
    {
        long spent = Stopwatch.GetTimestamp() - since;
        busy[rank] = busy.GetValueOrDefault(rank) + spent;
        allBusy += spent;
    }

    /// <summary>Milliseconds <paramref name="rank"/> and its shards computed.</summary>
    public double ComputeMs(int rank) => Stopwatch.GetElapsedTime(0, busy.GetValueOrDefault(rank)).TotalMilliseconds;

    /// <summary>Milliseconds of the step so far in which the lane had nothing to compute.</summary>
    public double ExposedMs() => Math.Max(0, Stopwatch.GetElapsedTime(begun + allBusy).TotalMilliseconds);
}
