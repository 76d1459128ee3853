namespace MoeActors.Actors.Faults.Admin;

/// <summary>
/// The admin's time, in milliseconds like Unix time: it goes on from the last moment that the journal names of a fault not over, else from the wall clock, and from there by the monotonic clock alone. Neither a
/// jump of the wall clock nor a move to a node with another one ends a fault early or late.
/// </summary>
internal sealed class AdminClock(TimeProvider time)
{
    private long origin = time.GetUtcNow().ToUnixTimeMilliseconds(), started = time.GetTimestamp();

    /// <summary>The journal has been read.</summary>
    public void Resume(AdminState state)
    {
        AdminFault[] open = [.. state.Faults.Values.Where(f => !f.IsDone)];
        if (open.Length > 0)
        {
            (origin, started) = (open.Max(f => Math.Max(f.Since, f.BegunAt)), time.GetTimestamp());
        }
    }

    /// <summary>Now.</summary>
    public long Now() => origin + (long)time.GetElapsedTime(started).TotalMilliseconds;
}
