using static TorchSharp.torch;

namespace MoeActors.Actors.Exchange;

/// <summary>
/// What an actor sees of a received tensor: the message in its mailbox. The tensor belongs to the receiving actor, which takes it or discards it;
/// doing either returns the sender's credit. Any thread may call; the first call wins.
/// Take or discard a ticket when it is handled: a ticket kept aside keeps the sender's window closed.
/// </summary>
internal sealed class Ticket
{
    private readonly FrameHeader header;
    private readonly ReceiveCredit? credit;
    private Tensor? payload;

    /// <summary>A ticket outside any exchange, as tests of actors need it. Takes ownership of <paramref name="payload"/>.</summary>
    public Ticket(in FrameHeader header, int[] meta, Tensor? payload)
        : this(in header, meta, payload, null)
    {
    }

    internal Ticket(in FrameHeader header, int[] meta, Tensor? payload, ReceiveCredit? credit)
    {
        this.header = header;
        Meta = meta;
        this.payload = payload;
        this.credit = credit;
    }

    /// <summary>The frame's header.</summary>
    public ref readonly FrameHeader Header => ref header;

    /// <summary>The frame's integers, owned by the receiver; the sender's own array in a local hand-over, which neither side changes any more.</summary>
    public int[] Meta { get; }

    /// <summary>
    /// [rows, columns]; null when there are no elements, and once the ticket was taken, discarded or revoked. On the CPU when it came over the wire,
    /// on the sender's device in a local hand-over. In no dispose scope.
    /// </summary>
    public Tensor? Payload => Volatile.Read(ref payload);

    // A registration keeps its untaken tickets in a list, so that an actor that stops with tickets in its mailbox leaks neither memory nor credit.
    internal Registration? Holder { get; set; }

    internal Ticket? Previous { get; set; }

    internal Ticket? Next { get; set; }

    /// <summary>Hands the tensor over: the caller disposes it from now on. Null when there are no elements, or on every call but the first.</summary>
    public Tensor? Take()
    {
        Tensor? taken = Interlocked.Exchange(ref payload, null);
        if (taken is not null)
        {
            Holder?.Remove(this);
            credit?.Release(header.PayloadBytes);
        }

        return taken;
    }

    /// <summary>Frees the tensor, if it is still there.</summary>
    public void Discard() => Take()?.Dispose();
}
