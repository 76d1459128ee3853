using Akka.Actor;

namespace MoeActors.Actors.Training;

/// <summary>
/// Ends the process when one piece of work on the compute thread outlasts its limit: a hung kernel cannot be killed in .NET, and everyone
/// else would wait for it for ever. Looks from a timer of its own: neither the lane nor an actor is needed to see it.
/// </summary>
internal sealed class ComputeThreadWatchdog : IDisposable
{
    private readonly ComputeThread lane;
    private readonly TimeSpan limit;
    private readonly Action<string> hung;
    private readonly ITimer timer;
    private int told;

    /// <summary>Watches from now on.</summary>
    /// <param name="lane">The lane.</param>
    /// <param name="limit">Longest piece of work; a restore is one piece.</param>
    /// <param name="hung">Told once, in words; from a thread of the pool.</param>
    /// <param name="time">Clock of the looks.</param>
    public ComputeThreadWatchdog(ComputeThread lane, TimeSpan limit, Action<string> hung, TimeProvider time)
    {
        (this.lane, this.limit, this.hung) = (lane, limit, hung);
        TimeSpan pause = TimeSpan.FromTicks(Math.Max(limit.Ticks / 8, TimeSpan.TicksPerMillisecond));
        timer = time.CreateTimer(_ => Look(), null, pause, pause);
    }

    /// <summary>The lane of a node's actor system.</summary>
    public static ComputeThread ThreadOf(ActorSystem system) => ((ComputeThreadDispatcher)system.Dispatchers.Lookup(NodeServices.ComputeDispatcher)).Thread;

    /// <inheritdoc/>
    public void Dispose() => timer.Dispose();

    private void Look()
    {
        TimeSpan busy = lane.Busy;
        if (busy > limit && Interlocked.Exchange(ref told, 1) == 0)
        {
            hung($"the compute thread has not come back from one piece of work for {busy.TotalSeconds:0.#} s (supervision.compute-limit): a kernel hangs, or the machine is far too slow for this model");
        }
    }
}
