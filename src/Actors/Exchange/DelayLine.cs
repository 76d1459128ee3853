using System.Diagnostics;

namespace MoeActors.Actors.Exchange;

/// <summary>Holds frames back for the time that injected faults ask for, each on its own; one thread releases them in the order of their times.</summary>
internal sealed class DelayLine : IDisposable
{
    private readonly object gate = new();
    private readonly PriorityQueue<Outgoing, (long Due, long Order)> held = new();
    private readonly Action<Outgoing> release;
    private readonly Thread thread;
    private long order;
    private bool ended;

    internal DelayLine(Action<Outgoing> release)
    {
        this.release = release;
        thread = SocketExchange.StartThread("exchange-delays", Run);
    }

    internal void Add(in Outgoing frame, TimeSpan delay)
    {
        lock (gate)
        {
            if (!ended)
            {
                held.Enqueue(frame, (Stopwatch.GetTimestamp() + (long)(delay.TotalSeconds * Stopwatch.Frequency), order++));
                Monitor.Pulse(gate);
                return;
            }
        }

        frame.Payload?.Dispose();
    }

    /// <summary>Releases everything now: after a change of epoch each frame is judged anew.</summary>
    internal void Flush()
    {
        List<Outgoing> all = [];
        lock (gate)
        {
            while (held.TryDequeue(out Outgoing frame, out _))
            {
                all.Add(frame);
            }
        }

        all.ForEach(release);
    }

    public void Dispose()
    {
        lock (gate)
        {
            ended = true;
            Monitor.Pulse(gate);
        }

        if (thread != Thread.CurrentThread)
        {
            thread.Join();
        }

        while (held.TryDequeue(out Outgoing frame, out _))
        {
            frame.Payload?.Dispose();
        }
    }

    private void Run()
    {
        while (true)
        {
            Outgoing frame;
            lock (gate)
            {
                if (ended)
                {
                    return;
                }

                if (!held.TryPeek(out _, out (long Due, long Order) next))
                {
                    Monitor.Wait(gate);
                    continue;
                }

                long left = next.Due - Stopwatch.GetTimestamp();
                if (left > 0)
                {
                    Monitor.Wait(gate, TimeSpan.FromSeconds((double)left / Stopwatch.Frequency) + TimeSpan.FromMilliseconds(1));
                    continue;
                }

                frame = held.Dequeue();
            }

            release(frame);
        }
    }
}
