namespace MoeActors.Actors.Tests.Simulation;

/// <summary>Messages to one actor, in order; now and then they lie for a while before they are handled.</summary>
internal sealed class SimMailbox(SimWorld world, SimProcess process)
{
    private long last;

    /// <summary>The actor works for a while at something; what comes meanwhile waits.</summary>
    public void Work(long time, Action then)
    {
        last = Math.Max(last, world.Clock.Now + time);
        process.In(time, then);
    }

    public void Post(Action handle)
    {
        long delay = world.Random.NextInt64(1, 200) + (world.Random.Next(world.Setup.Slow) == 0 ? world.Random.NextInt64(1, 60) * SimClock.Millisecond : 0);
        last = Math.Max(last + 1, world.Clock.Now + delay);
        process.In(last - world.Clock.Now, handle);
    }
}
