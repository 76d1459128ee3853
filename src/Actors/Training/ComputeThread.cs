using System.Collections.Concurrent;
using System.Diagnostics;

using Akka.Dispatch;

namespace MoeActors.Actors.Training;

/// <summary>
/// The one thread that computes on a device. All actors of the device run on it, one message at a time, so that libtorch's thread count,
/// grad mode and dispose scopes belong to one thread and the .NET pool is never blocked.
/// </summary>
internal sealed class ComputeThread : IDisposable
{
    private readonly ConcurrentQueue<IRunnable> queue = new();
    private readonly SemaphoreSlim wake = new(0);
    private readonly Thread thread;
    private int sleeping;
    private volatile bool stopped;
    private long since;

    public ComputeThread(string name)
    {
        thread = new Thread(Loop) { IsBackground = true, Name = name };
        thread.Start();
    }

    /// <summary>Runs <paramref name="work"/> after everything posted before it.</summary>
    public void Post(IRunnable work)
    {
        queue.Enqueue(work);
        if (Interlocked.Exchange(ref sleeping, 0) == 1)
        {
            wake.Release();
        }
    }

    /// <summary>How long the piece of work in hand has been running; zero between two pieces. Safe on any thread.</summary>
    public TimeSpan Busy => Volatile.Read(ref since) is not 0 and var begun ? Stopwatch.GetElapsedTime(begun) : TimeSpan.Zero;

    /// <summary>Ends the thread when its queue is empty.</summary>
    public void Stop()
    {
        stopped = true;
        wake.Release();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stop();
        thread.Join();
        wake.Dispose();
    }

    private void Loop()
    {
        while (true)
        {
            while (queue.TryDequeue(out IRunnable? work))
            {
                Volatile.Write(ref since, Stopwatch.GetTimestamp());
                work.Run();
                Volatile.Write(ref since, 0);
            }

            if (stopped)
            {
                return;
            }

            // Announce sleep, then look once more: a post between the two is seen by one side or the other.
            Interlocked.Exchange(ref sleeping, 1);
            if (!queue.IsEmpty && Interlocked.Exchange(ref sleeping, 0) == 1)
            {
                continue;
            }

            wake.Wait();
        }
    }
}
