namespace MoeActors.Actors.Tests.Simulation;

/// <summary>Virtual time: what is to happen, in the order of its time, microseconds. Same calls, same order: nothing here depends on the machine.</summary>
internal sealed class SimClock
{
    private readonly PriorityQueue<(SimProcess? Owner, Action Run), (long Time, long Number)> queue = new();
    private long number;

    /// <summary>One virtual millisecond.</summary>
    public const long Millisecond = 1000;

    /// <summary>One virtual second.</summary>
    public const long Second = 1_000_000;

    /// <summary>Now, microseconds since the beginning.</summary>
    public long Now { get; private set; }

    /// <summary>Events so far: where a schedule's faults strike.</summary>
    public long Events { get; private set; }

    /// <summary>Something happens after <paramref name="delay"/>. What a process does dies with it, and waits while it is stopped.</summary>
    public void In(long delay, SimProcess? owner, Action run) => queue.Enqueue((owner, run), (Now + Math.Max(0, delay), number++));

    /// <summary>The next event; false when there is none.</summary>
    public bool Step()
    {
        if (!queue.TryDequeue(out (SimProcess? Owner, Action Run) next, out (long Time, long Number) at))
        {
            return false;
        }

        Now = at.Time;
        Events++;
        if (next.Owner is null)
        {
            next.Run();
        }
        else
        {
            next.Owner.Do(next.Run);
        }

        return true;
    }
}
