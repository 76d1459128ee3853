using System.IO.Hashing;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace MoeActors.Actors.Exchange;

/// <summary>
/// The send thread of one connection; injected faults of the link happen here. Header, meta and the first piece of the payload leave in one gathering system call, the rest in pieces, straight from tensor memory.
/// </summary>
internal sealed unsafe class LinkSender(
    Wire wire, SendQueue queue, ReceiveCredit credit, ExchangeCounters counters, ExchangeOptions options, PeerAddress peer, ILinkFaults? faults)
{
    private readonly XxHash3 hash = new();
    private byte[] head = GC.AllocateUninitializedArray<byte>(4096);
    private uint sequence;
    private Outgoing? overtaken;

    /// <summary>Writes until the queue ends. Errors of the wire come out as <see cref="IOException"/>.</summary>
    internal void Run()
    {
        try
        {
            while (Next())
            {
            }
        }
        finally
        {
            overtaken?.Payload?.Dispose();
        }
    }

    private bool Next()
    {
        switch (queue.Next(out Outgoing frame))
        {
            case SendWork.Frame:
                Write(ref frame);
                break;
            case SendWork.Heartbeat:
            case SendWork.Credit when credit.Due:
                WriteControl(FrameKind.Credit);
                break;
            case SendWork.CreditRequest:
                WriteControl(FrameKind.CreditRequest);
                break;
            case SendWork.End:
                return false;
        }

        return true;
    }

    private void WriteControl(FrameKind kind)
    {
        Outgoing frame = new() { Header = new FrameHeader { Magic = FrameHeader.ExpectedMagic, Version = FrameHeader.ProtocolVersion, Kind = kind }, Meta = [] };
        Write(ref frame);
    }

    // Every frame passes here; the fate of an injected fault strikes once it has its number.
    private void Write(ref Outgoing frame)
    {
        bool kept = false;
        try
        {
            if (frame.Payload is not null)
            {
                frame.Payload = TensorBytes.OnHost(frame.Payload);
                frame.Header.PayloadChecksum = options.ChecksumPayload ? Checksum(TensorBytes.Start(frame.Payload), frame.Header.PayloadBytes) : 0;
            }

            if (faults is not null && frame.Header.Kind == FrameKind.Data)
            {
                LinkModel link = faults.LinkOf(peer);
                (frame.Header.LinkMicroseconds, frame.Header.LinkKibibytes) = (link.Microseconds, link.Kibibytes);
            }

            frame.Header.Sequence = sequence++;
            frame.Header.Credit = credit.Return();
            frame.Header.HeaderChecksum = FrameHeader.ComputeChecksum(in frame.Header);
            FrameFate fate = faults?.FateOf(peer) ?? FrameFate.Pass;
            if (fate == FrameFate.Overtaken && overtaken is null)
            {
                (overtaken, kept) = (frame, true);
                return;
            }

            for (int copies = fate == FrameFate.Drop ? 0 : fate == FrameFate.Duplicate ? 2 : 1; copies > 0; copies--)
            {
                Put(in frame);
            }

            PutOvertaken();
        }
        finally
        {
            if (!kept)
            {
                frame.Payload?.Dispose();
            }
        }
    }

    private void PutOvertaken()
    {
        if (overtaken is { } late)
        {
            overtaken = null;
            using Tensor? payload = late.Payload;
            Put(in late);
        }
    }

    private void Put(in Outgoing frame)
    {
        byte* start = frame.Payload is null ? null : TensorBytes.Start(frame.Payload);
        long bytes = frame.Header.PayloadBytes;
        int headBytes = Head(in frame.Header, frame.Meta);
        long done = 0;
        do
        {
            int piece = (int)Math.Min(bytes - done, options.PieceBytes);
            wire.Send(done == 0 ? head.AsSpan(0, headBytes) : default, new ReadOnlySpan<byte>(start + done, piece));
            done += piece;
        }
        while (done < bytes);
        counters.FramesOut.Increment();
        counters.BytesOut.Add(headBytes + bytes);
    }

    // Lays the header out with the meta; returns the bytes.
    private int Head(in FrameHeader header, int[] meta)
    {
        int bytes = FrameHeader.Size + (meta.Length * sizeof(int));
        if (head.Length < bytes)
        {
            head = GC.AllocateUninitializedArray<byte>(bytes);
        }

        MemoryMarshal.Write(head, in header);
        MemoryMarshal.AsBytes<int>(meta).CopyTo(head.AsSpan(FrameHeader.Size));
        return bytes;
    }

    private ulong Checksum(byte* start, long bytes)
    {
        for (long done = 0; done < bytes; done += options.PieceBytes)
        {
            hash.Append(new ReadOnlySpan<byte>(start + done, (int)Math.Min(bytes - done, options.PieceBytes)));
        }

        ulong sum = hash.GetCurrentHashAsUInt64();
        hash.Reset();
        return sum == 0 ? 1 : sum;
    }
}
