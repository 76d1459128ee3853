namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>Measures how long training was held for checkpoints since it was last asked (checkpoint.asynchronous = off). Owned by the coordinator.</summary>
internal sealed class HoldClock(TimeProvider? time = null)
{
    private readonly TimeProvider time = time ?? TimeProvider.System;
    private bool held;
    private long since;
    private double ms;

    /// <summary>Whether training is held from now on.</summary>
    public void Set(bool now)
    {
        if (held && !now)
        {
            ms += time.GetElapsedTime(since).TotalMilliseconds;
        }
        else if (now && !held)
        {
            since = time.GetTimestamp();
        }

        held = now;
    }

    /// <summary>The holds that are over, ms; begins anew.</summary>
    public double Take()
    {
        (double taken, ms) = (ms, 0);
        return taken;
    }
}
