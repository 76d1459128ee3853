using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace MoeActors.Actors.Exchange;

/// <summary>
/// The send thread of one connection. Header, meta and the first piece of the payload leave in one gathering system call, the rest in pieces, straight from tensor memory.
/// </summary>
internal sealed unsafe class LinkSender(Wire wire, SendQueue queue, ReceiveCredit credit, ExchangeCounters counters, ExchangeOptions options)
{
    private readonly XxHash3 hash = new();
    private byte[] head = GC.AllocateUninitializedArray<byte>(4096);
    private uint sequence;

    /// <summary>Writes until the queue ends. Errors of the wire come out as <see cref="IOException"/>.</summary>
    internal void Run()
    {
        while (true)
        {
            switch (queue.Next(out Outgoing frame))
            {
                case SendWork.Frame:
                    WriteFrame(ref frame);
                    break;
                case SendWork.Credit when credit.Due:
                    WriteControl(FrameKind.Credit);
                    break;
                case SendWork.CreditRequest:
                    WriteControl(FrameKind.CreditRequest);
                    break;
                case SendWork.End:
                    return;
            }
        }
    }

    private void WriteFrame(ref Outgoing frame)
    {
        try
        {
            byte* start = null;
            long bytes = frame.Header.PayloadBytes;
            if (frame.Payload is not null)
            {
                frame.Payload = TensorBytes.OnHost(frame.Payload);
                start = TensorBytes.Start(frame.Payload);
                frame.Header.PayloadChecksum = options.ChecksumPayload ? Checksum(start, bytes) : 0;
            }

            int headBytes = Head(ref frame.Header, frame.Meta);
            long done = 0;
            do
            {
                int piece = (int)Math.Min(bytes - done, options.PieceBytes);
                wire.Send(done == 0 ? head.AsSpan(0, headBytes) : default, new ReadOnlySpan<byte>(start + done, piece));
                done += piece;
            }
            while (done < bytes);
            Count(headBytes + bytes);
        }
        finally
        {
            frame.Payload?.Dispose();
        }
    }

    private void WriteControl(FrameKind kind)
    {
        FrameHeader header = new() { Magic = FrameHeader.ExpectedMagic, Version = FrameHeader.ProtocolVersion, Kind = kind };
        wire.Send(head.AsSpan(0, Head(ref header, [])), default);
        Count(FrameHeader.Size);
    }

    // Completes the header and lays it out with the meta; returns the bytes.
    private int Head(ref FrameHeader header, int[] meta)
    {
        header.Sequence = sequence++;
        header.Credit = credit.Return();
        header.HeaderChecksum = FrameHeader.ComputeChecksum(in header);
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

    private void Count(long bytes)
    {
        counters.FramesOut.Increment();
        counters.BytesOut.Add(bytes);
    }
}
