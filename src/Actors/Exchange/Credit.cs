namespace MoeActors.Actors.Exchange;

/// <summary>
/// What a sender may still put on the way. Not thread-safe: its queue's lock guards it.
/// At most the receiver's window is underway and untaken; a frame larger than the window passes when nothing else is underway.
/// </summary>
internal struct SendCredit(long window)
{
    private long sent;
    private long returned;

    internal readonly long Returned => returned;

    internal readonly bool Allows(long bytes) => sent == returned || sent - returned + bytes <= window;

    internal void Charge(long bytes) => sent += bytes;

    /// <summary>Takes over the cumulative credit of a received header; false when it falls or exceeds what was sent.</summary>
    internal bool Return(long total)
    {
        if (total < returned || total > sent)
        {
            return false;
        }

        returned = total;
        return true;
    }
}

/// <summary>
/// Payload bytes received and taken on one connection. Tickets release from any thread; the receive thread counts what comes in, the send thread what it returned.
/// Credit goes back in the header of any frame. An own frame is sent for it only when a quarter of the window is due, or when the peer said that it waits.
/// </summary>
internal sealed class ReceiveCredit(long window, Action due)
{
    private long received;
    private long released;
    private long returned;
    private int peerWaits;

    /// <summary>Counts a payload that comes in; false when the peer sends more than its window.</summary>
    internal bool Receive(long bytes)
    {
        long underway = received - Interlocked.Read(ref returned);
        received += bytes;
        return underway == 0 || underway + bytes <= window;
    }

    /// <summary>A ticket's payload was taken, discarded or dropped.</summary>
    internal void Release(long bytes)
    {
        long total = Interlocked.Add(ref released, bytes);
        if (total - Interlocked.Read(ref returned) >= Math.Max(1, window / 4) || Volatile.Read(ref peerWaits) != 0)
        {
            due();
        }
    }

    /// <summary>The peer waits for credit.</summary>
    internal void PeerWaits()
    {
        Interlocked.Exchange(ref peerWaits, 1);
        if (Due)
        {
            due();
        }
    }

    internal bool Due => Interlocked.Read(ref released) > Interlocked.Read(ref returned);

    /// <summary>The cumulative credit for the header that the send thread is about to write.</summary>
    internal long Return()
    {
        if (Due)
        {
            // Cleared before the sum is read: a release that comes later sees the flag down only if this header already returns something, and
            // a peer for which that is not enough asks again.
            Interlocked.Exchange(ref peerWaits, 0);
        }

        long total = Interlocked.Read(ref released);
        Interlocked.Exchange(ref returned, total);
        return total;
    }
}
