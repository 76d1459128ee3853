using System.Diagnostics;

namespace MoeActors.Actors.Exchange;

/// <summary>What the send thread does next.</summary>
internal enum SendWork
{
    /// <summary>Write the frame.</summary>
    Frame,

    /// <summary>Return credit.</summary>
    Credit,

    /// <summary>Nothing was sent for a while: say that this side lives.</summary>
    Heartbeat,

    /// <summary>Say that credit is waited for.</summary>
    CreditRequest,

    /// <summary>The queue has ended.</summary>
    End,
}

/// <summary>
/// Frames waiting for one connection, in order, and the credit they need. Any thread adds; one takes. While the first frame waits for credit
/// the taker is still given credit to return, so two full windows cannot lock each other.
/// </summary>
internal sealed class SendQueue(ExchangeCounters counters, int spinMicroseconds, TimeSpan heartbeat)
{
    private readonly object gate = new();
    private readonly Queue<Outgoing> frames = new();
    private readonly long spinTicks = spinMicroseconds * Stopwatch.Frequency / 1_000_000;
    private SendCredit credit;
    private ulong run;
    private int epoch;
    private long bytes;
    private int version;
    private long waitingSince;
    private bool creditDue;
    private bool requested;
    private bool sleeping;
    private bool ended;

    internal int Frames => frames.Count;

    internal bool Ended => Volatile.Read(ref ended);

    internal long Bytes => Interlocked.Read(ref bytes);

    /// <summary>Frames may flow, at most <paramref name="window"/> bytes of them underway.</summary>
    internal void Open(long window)
    {
        lock (gate)
        {
            credit = new SendCredit(window);
            Wake();
        }
    }

    /// <summary>Takes the frame over, or drops, frees and counts it.</summary>
    internal void Add(in Outgoing frame)
    {
        lock (gate)
        {
            if (!ended && frame.Header.Run == run && frame.Header.Epoch == epoch)
            {
                frames.Enqueue(frame);
                Interlocked.Add(ref bytes, frame.Header.PayloadBytes);
                Wake();
                return;
            }
        }

        (ended ? counters.DroppedDisconnected : counters.DroppedByEpoch).Increment();
        frame.Payload?.Dispose();
    }

    /// <summary>Only frames of this epoch stay or come in (EP-1).</summary>
    internal void BeginEpoch(ulong newRun, int newEpoch)
    {
        List<Outgoing> stale = [];
        lock (gate)
        {
            (run, epoch) = (newRun, newEpoch);
            for (int left = frames.Count; left > 0; left--)
            {
                Outgoing frame = frames.Dequeue();
                if (frame.Header.Run == run && frame.Header.Epoch == epoch)
                {
                    frames.Enqueue(frame);
                }
                else
                {
                    stale.Add(frame);
                }
            }
        }

        Free(stale, counters.DroppedByEpoch);
    }

    /// <summary>Credit has come with a header; false when it cannot be.</summary>
    internal bool OnCredit(long total)
    {
        lock (gate)
        {
            bool news = total != credit.Returned;
            if (!credit.Return(total))
            {
                return false;
            }

            // Only a sender that waits for credit is woken by it; one for which it is not enough asks again.
            if (news && requested)
            {
                requested = false;
                counters.CreditWaitTicks.Add(Stopwatch.GetTimestamp() - waitingSince);
                Wake();
            }

            return true;
        }
    }

    /// <summary>There is credit to return.</summary>
    internal void CreditDue()
    {
        lock (gate)
        {
            creditDue = true;
            Wake();
        }
    }

    /// <summary>Nothing is sent any more; what waits is freed.</summary>
    internal void End()
    {
        List<Outgoing> left;
        lock (gate)
        {
            ended = true;
            left = [.. frames];
            frames.Clear();
            Wake();
        }

        Free(left, counters.DroppedDisconnected);
    }

    /// <summary>Waits for work. The frame's tensor is the caller's.</summary>
    internal SendWork Next(out Outgoing frame)
    {
        bool spun = spinTicks == 0;
        while (true)
        {
            int seen;
            lock (gate)
            {
                if (TryNext(out SendWork work, out frame))
                {
                    return work;
                }

                if (spun)
                {
                    sleeping = true;
                    bool woken = Monitor.Wait(gate, heartbeat > TimeSpan.Zero ? heartbeat : Timeout.InfiniteTimeSpan);
                    sleeping = false;
                    if (!woken)
                    {
                        return SendWork.Heartbeat;
                    }

                    spun = spinTicks == 0;
                    continue;
                }

                seen = version;
            }

            spun = !Spin(seen);
        }
    }

    private bool TryNext(out SendWork work, out Outgoing frame)
    {
        (frame, work) = (default, SendWork.End);
        if (ended)
        {
            return true;
        }

        if (creditDue)
        {
            (creditDue, work) = (false, SendWork.Credit);
            return true;
        }

        if (!frames.TryPeek(out Outgoing first))
        {
            return false;
        }

        if (credit.Allows(first.Header.PayloadBytes))
        {
            frame = frames.Dequeue();
            Interlocked.Add(ref bytes, -frame.Header.PayloadBytes);
            credit.Charge(frame.Header.PayloadBytes);
            work = SendWork.Frame;
            return true;
        }

        if (!requested)
        {
            requested = true;
            waitingSince = Stopwatch.GetTimestamp();
            counters.CreditWaits.Increment();
            work = SendWork.CreditRequest;
            return true;
        }

        return false;
    }

    private void Wake()
    {
        version++;
        if (sleeping)
        {
            Monitor.Pulse(gate);
        }
    }

    private bool Spin(int seen)
    {
        long until = Stopwatch.GetTimestamp() + spinTicks;
        do
        {
            if (Volatile.Read(ref version) != seen)
            {
                return true;
            }

            Thread.SpinWait(8);
        }
        while (Stopwatch.GetTimestamp() < until);
        return false;
    }

    private void Free(List<Outgoing> dropped, Counter counter)
    {
        foreach (Outgoing frame in dropped)
        {
            Interlocked.Add(ref bytes, -frame.Header.PayloadBytes);
            counter.Increment();
            frame.Payload?.Dispose();
        }
    }
}
