using System.Diagnostics;

namespace MoeActors.Actors.Exchange;

/// <summary>
/// The receiving end of a link that may be emulated: each frame says what link it came over, and is handed on when it would have come out of that link. A thread of its own sleeps until then, to
/// microseconds, without a core's time; without emulation frames pass at once. Frames that are still underway when the connection ends are lost, as on a real one. They hold their credit meanwhile.
/// </summary>
/// <param name="deliver">Takes a frame.</param>
/// <param name="name">Of the thread.</param>
internal sealed class EmulatedLink(Action<Ticket> deliver, string name) : IDisposable
{
    // Below this the thread sleeps by the kernel's timer; above it waits, so that an end of the link wakes it.
    private static readonly long Fine = Stopwatch.Frequency / 500;

    private readonly object gate = new();
    private readonly Queue<(Ticket Frame, long Visible)> underway = new();
    private LinkClock clock;
    private Thread? thread;
    private bool ended;

    /// <summary>A frame is here.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="begun">When its first bytes were, as a <see cref="Stopwatch"/> timestamp.</param>
    internal void Take(Ticket frame, long begun)
    {
        (int microseconds, int kibibytes) = (frame.Header.LinkMicroseconds, frame.Header.LinkKibibytes);
        if ((microseconds | kibibytes) == 0 && thread is null)
        {
            deliver(frame);
            return;
        }

        long bytes = FrameHeader.Size + (frame.Header.MetaInts * sizeof(int)) + frame.Header.PayloadBytes;
        lock (gate)
        {
            if (!ended)
            {
                underway.Enqueue((frame, clock.Visible(begun, bytes, microseconds, kibibytes)));
                thread ??= SocketExchange.StartThread(name, Run);
                Monitor.Pulse(gate);
                return;
            }
        }

        frame.Discard();
    }

    public void Dispose()
    {
        Thread? running;
        lock (gate)
        {
            (ended, running) = (true, thread);
            Monitor.Pulse(gate);
        }

        if (running is not null && running != Thread.CurrentThread)
        {
            running.Join();
        }

        while (underway.TryDequeue(out (Ticket Frame, long Visible) lost))
        {
            lost.Frame.Discard();
        }
    }

    private void Run()
    {
        PreciseSleep.Prepare();
        while (Next() is { } frame)
        {
            deliver(frame);
        }
    }

    // The next frame when its time has come; null at the end.
    private Ticket? Next()
    {
        while (true)
        {
            long visible;
            lock (gate)
            {
                if (ended)
                {
                    return null;
                }

                if (!underway.TryPeek(out (Ticket Frame, long Visible) next))
                {
                    Monitor.Wait(gate);
                    continue;
                }

                long left = next.Visible - Stopwatch.GetTimestamp();
                if (left <= 0)
                {
                    return underway.Dequeue().Frame;
                }

                if (left > Fine)
                {
                    Monitor.Wait(gate, Math.Max(1, (int)((left - Fine) * 1000 / Stopwatch.Frequency)));
                    continue;
                }

                visible = next.Visible;
            }

            PreciseSleep.Until(visible);
        }
    }
}
