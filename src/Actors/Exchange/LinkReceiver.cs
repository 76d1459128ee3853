using System.Diagnostics;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Actors.Exchange;

/// <summary>A peer broke the protocol; the connection ends. The message is one line.</summary>
internal sealed class ProtocolViolationException(string message) : Exception(message);

/// <summary>
/// The receive thread of one connection. A small buffer takes header, meta and small payloads in one system call; large payloads go straight into the memory of
/// their tensor, piece by piece, each hashed while it is in the cache. A frame that does not end frees its tensor.
/// </summary>
internal sealed unsafe class LinkReceiver(
    Wire wire, SendQueue queue, ReceiveCredit credit, ExchangeCounters counters, ExchangeOptions options, Func<ulong, int, bool> isCurrent, Action<Ticket, long> take)
{
    private readonly XxHash3 hash = new();
    private readonly byte[] buffer = GC.AllocateUninitializedArray<byte>(16 << 10);
    private byte[] scratch = [];
    private int begin;
    private int end;
    private uint sequence;
    private long heard = Stopwatch.GetTimestamp();

    /// <summary>Time since something came. Safe on any thread.</summary>
    internal TimeSpan Silence => Stopwatch.GetElapsedTime(Volatile.Read(ref heard));

    /// <summary>Receives until the stream ends between frames (returns) or breaks (<see cref="IOException"/>, <see cref="ProtocolViolationException"/>).</summary>
    internal void Run()
    {
        FrameHeader header = default;
        while (ReadHeader(ref header))
        {
            Volatile.Write(ref heard, Stopwatch.GetTimestamp());
            string? fault = FrameRules.Fault(in header, sequence, options.MaxPayloadBytes);
            if (fault is not null)
            {
                counters.ProtocolFailures.Increment();
                throw new ProtocolViolationException(fault);
            }

            sequence++;
            if (!queue.OnCredit(header.Credit))
            {
                throw Violation($"frame {header.Sequence} returns {header.Credit} bytes of credit, which were never sent");
            }

            if (header.Kind == FrameKind.CreditRequest)
            {
                credit.PeerWaits();
            }
            else if (header.Kind == FrameKind.Data)
            {
                ReceiveData(in header);
            }

            counters.FramesIn.Increment();
            counters.BytesIn.Add(FrameHeader.Size + (header.MetaInts * sizeof(int)) + header.PayloadBytes);
        }
    }

    private void ReceiveData(in FrameHeader header)
    {
        long begun = heard;
        int[] meta = header.MetaInts == 0 ? [] : GC.AllocateUninitializedArray<int>(header.MetaInts);
        Span<byte> metaBytes = MemoryMarshal.AsBytes(meta.AsSpan());
        ReadExactly(metaBytes);
        if (meta.Length > 0 && XxHash3.HashToUInt64(metaBytes) != header.MetaChecksum)
        {
            throw Corrupt(in header, "meta");
        }

        if (header.PayloadBytes > 0 && !credit.Receive(header.PayloadBytes))
        {
            throw Violation($"frame {header.Sequence} exceeds the window of {options.CreditBytes} bytes");
        }

        if (!isCurrent(header.Run, header.Epoch))
        {
            Skip(header.PayloadBytes);
            credit.Release(header.PayloadBytes);
            counters.DroppedByEpoch.Increment();
            return;
        }

        Tensor? payload = header.PayloadBytes == 0 ? null : ReceiveTensor(in header);
        take(new Ticket(in header, meta, payload, credit), begun);
    }

    private Tensor ReceiveTensor(in FrameHeader header)
    {
        Tensor tensor = empty(header.Rows, header.Columns, dtype: header.DType, device: CPU);
        try
        {
            byte* start = TensorBytes.Start(tensor);
            bool check = header.PayloadChecksum != 0;
            for (long done = 0; done < header.PayloadBytes;)
            {
                Span<byte> piece = new(start + done, (int)Math.Min(header.PayloadBytes - done, options.PieceBytes));
                ReadExactly(piece);
                if (check)
                {
                    hash.Append(piece);
                }

                done += piece.Length;
            }

            if (check)
            {
                ulong sum = hash.GetCurrentHashAsUInt64();
                hash.Reset();

                // A sender whose epoch has ended may change the memory it is sending: such a frame is dropped, whatever is in it (EP-1).
                if ((sum == 0 ? 1 : sum) != header.PayloadChecksum && isCurrent(header.Run, header.Epoch))
                {
                    throw Corrupt(in header, "payload");
                }
            }

            return tensor;
        }
        catch
        {
            tensor.Dispose();
            throw;
        }
    }

    private void Skip(long bytes)
    {
        if (bytes > 0 && scratch.Length == 0)
        {
            scratch = GC.AllocateUninitializedArray<byte>(64 << 10);
        }

        while (bytes > 0)
        {
            int piece = (int)Math.Min(bytes, scratch.Length);
            ReadExactly(scratch.AsSpan(0, piece));
            bytes -= piece;
        }
    }

    // False at the end of the stream between two frames; there the wait has no limit.
    private bool ReadHeader(ref FrameHeader header)
    {
        while (end - begin < FrameHeader.Size)
        {
            if (begin > 0)
            {
                buffer.AsSpan(begin, end - begin).CopyTo(buffer);
                (begin, end) = (0, end - begin);
            }

            int got = wire.Receive(buffer.AsSpan(end), all: false);
            if (got == 0 && end == 0)
            {
                return false;
            }

            if (got == 0 || (got < 0 && end > 0))
            {
                throw Broken(got);
            }

            end += Math.Max(got, 0);
        }

        header = MemoryMarshal.Read<FrameHeader>(buffer.AsSpan(begin));
        begin += FrameHeader.Size;
        return true;
    }

    private void ReadExactly(Span<byte> into)
    {
        int ready = Math.Min(into.Length, end - begin);
        buffer.AsSpan(begin, ready).CopyTo(into);
        begin += ready;
        into = into[ready..];
        while (!into.IsEmpty)
        {
            int got;
            if (into.Length >= buffer.Length)
            {
                got = wire.Receive(into, all: true);
            }
            else
            {
                // The buffer is empty here: fill it, and what comes after this piece with it.
                got = wire.Receive(buffer, all: false);
                (begin, end) = (0, Math.Max(got, 0));
                int taken = Math.Min(end, into.Length);
                buffer.AsSpan(0, taken).CopyTo(into);
                begin = taken;
                got = got > 0 ? taken : got;
            }

            if (got <= 0)
            {
                throw Broken(got);
            }

            Volatile.Write(ref heard, Stopwatch.GetTimestamp());
            into = into[got..];
        }
    }

    private IOException Broken(int got) =>
        new(got == 0 ? "the connection ended inside a frame" : $"no data came inside a frame for {options.StallTimeout.TotalSeconds:0.#} s");

    private ProtocolViolationException Violation(string reason)
    {
        counters.ProtocolFailures.Increment();
        return new ProtocolViolationException(reason);
    }

    private ProtocolViolationException Corrupt(in FrameHeader header, string what)
    {
        counters.ChecksumFailures.Increment();
        return new ProtocolViolationException($"the {what} of frame {header.Sequence} from {Endpoint.FromPacked(header.Source)} does not match its checksum");
    }
}
