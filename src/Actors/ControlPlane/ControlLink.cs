using System.Buffers;
using System.Collections.Concurrent;

using Akka.Actor;
using Akka.Remote.Transport;

using Google.Protobuf;

namespace MoeActors.Actors.ControlPlane;

/// <summary>
/// An association over a proven connection: a loop reads frames and hands them up; who writes also sends, many small frames at a time where several came together. Writing never waits: what does not fit into the
/// queue is refused, and Akka tries it again.
/// </summary>
internal sealed class ControlLink : AssociationHandle
{
    /// <summary>Bytes that may wait to be sent.</summary>
    internal const int QueueBytes = 16 << 20;

    private const int Idle = 0, Busy = 1, Over = 2;
    private const int ReadBuffer = 16 << 10, SendBuffer = 64 << 10;
    private static readonly TimeSpan FlushTime = TimeSpan.FromSeconds(2);

    private readonly ControlWire wire;
    private readonly ControlFaults? faults;
    private readonly Action<ControlLink> tellEnd;
    private readonly ConcurrentQueue<ByteString> queue = new();

    private readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int waiting;
    private int over;

    /// <summary>Idle, Busy while somebody writes to the stream, Over once nobody may any more: the last one frees it.</summary>
    private int writer;
    private bool closing, ended;

    /// <summary>Owns <paramref name="wire"/>. Reads once Akka has set its listener.</summary>
    /// <param name="wire">A proven connection.</param>
    /// <param name="local">This system.</param>
    /// <param name="remote">The other end.</param>
    /// <param name="faults">Injected failures, or null.</param>
    /// <param name="ended">Told once when the connection is over.</param>
    internal ControlLink(ControlWire wire, Address local, Address remote, ControlFaults? faults, Action<ControlLink> ended)
        : base(local, remote)
    {
        (this.wire, this.faults, tellEnd) = (wire, faults, ended);
        faults?.Break.Add(Abort);
        _ = ReadHandlerSource.Task.ContinueWith(t => ReadAsync(t.Result), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
    }

    private bool IsCut => faults is { Cut.IsCut: true };

    /// <inheritdoc/>
    public override bool Write(ByteString payload)
    {
        if (IsCut)
        {
            return true;
        }

        int size = payload.Length + ControlFrames.LengthBytes;
        if (payload.Length is 0 or > ControlFrames.MaxPayload || Interlocked.Add(ref waiting, size) is > QueueBytes and var all && all > size)
        {
            if (payload.Length is > 0 and <= ControlFrames.MaxPayload)
            {
                Interlocked.Add(ref waiting, -size);
            }

            return false;
        }

        if (Volatile.Read(ref closing))
        {
            Interlocked.Add(ref waiting, -size);
            return false;
        }

        queue.Enqueue(payload);
        Send();
        return true;
    }

#pragma warning disable CS0618, CS0672 // The method without a reason is the one that Akka has handles override.
    /// <inheritdoc/>
    public override void Disassociate()
    {
        // What Akka wrote last, its farewell, still goes; a peer that does not read gets no more than a moment for it.
        if (!Interlocked.Exchange(ref closing, true))
        {
            Send();
            _ = FarewellAsync();
        }
    }
#pragma warning restore CS0618, CS0672

    /// <summary>Done when the connection is over.</summary>
    internal Task Ended => done.Task;

    /// <summary>Ends the connection now.</summary>
    internal void Abort()
    {
        Volatile.Write(ref closing, true);
        if (Interlocked.Exchange(ref over, 1) == 0)
        {
            faults?.Break.Remove(Abort);
            wire.Abort();
            tellEnd(this);
            done.TrySetResult();
        }
    }

    /// <summary>The peer answers the end by its own: only then is nothing under way any more.</summary>
    private async Task FarewellAsync()
    {
        await Task.WhenAny(Ended, Task.Delay(FlushTime)).ConfigureAwait(false);
        Abort();
    }

    private void Send()
    {
        if (Begin())
        {
            _ = SendAsync();
        }
    }

    private bool Begin() => Interlocked.CompareExchange(ref writer, Busy, Idle) == Idle;

    /// <summary>
    /// Sends what waits, on the thread that wrote it: while nothing is under way a message costs no switch of threads, of which a busy machine makes milliseconds. Where the socket takes no more at once, the rest
    /// goes later, and nobody waits for it.
    /// </summary>
    private async Task SendAsync()
    {
        do
        {
            byte[] buffer = ArrayPool<byte>.Shared.Rent(SendBuffer);
            try
            {
                await DrainAsync(buffer).ConfigureAwait(false);
                if (Volatile.Read(ref closing) && queue.IsEmpty && !ended)
                {
                    ended = true;
                    await wire.Stream.ShutdownAsync().ConfigureAwait(false);
                    wire.EndSending();
                }
            }
            catch (Exception e) when (ControlDial.IsEndOfHandshake(e))
            {
                Abort();
                return;
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
                if (Interlocked.CompareExchange(ref writer, Idle, Busy) == Over)
                {
                    wire.Dispose();
                }
            }
        }
        while ((!queue.IsEmpty || (Volatile.Read(ref closing) && !ended)) && Begin());
    }

    private async Task DrainAsync(byte[] buffer)
    {
        int used = 0;
        while (queue.TryDequeue(out ByteString? payload))
        {
            int size = payload.Length + ControlFrames.LengthBytes;
            if (used > 0 && used + size > buffer.Length)
            {
                await wire.Stream.WriteAsync(buffer.AsMemory(0, used)).ConfigureAwait(false);
                used = 0;
            }

            if (size > buffer.Length)
            {
                ControlFrames.WriteLength(buffer, payload.Length);
                await wire.Stream.WriteAsync(buffer.AsMemory(0, ControlFrames.LengthBytes)).ConfigureAwait(false);
                await wire.Stream.WriteAsync(payload.Memory).ConfigureAwait(false);
            }
            else
            {
                ControlFrames.WriteLength(buffer.AsSpan(used), payload.Length);
                payload.Span.CopyTo(buffer.AsSpan(used + ControlFrames.LengthBytes));
                used += size;
            }

            Interlocked.Add(ref waiting, -size);
        }

        if (used > 0)
        {
            await wire.Stream.WriteAsync(buffer.AsMemory(0, used)).ConfigureAwait(false);
        }
    }

    private async Task ReadAsync(IHandleEventListener listener)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ReadBuffer);
        int from = 0, to = 0;
        try
        {
            while (true)
            {
                while (to - from < ControlFrames.LengthBytes)
                {
                    buffer.AsSpan(from, to - from).CopyTo(buffer);
                    (from, to) = (0, to - from);
                    int got = await wire.Stream.ReadAsync(buffer.AsMemory(to)).ConfigureAwait(false);
                    if (got == 0)
                    {
                        return;
                    }

                    to += got;
                }

                if (ControlFrames.ReadLength(buffer.AsSpan(from)) is not { } length)
                {
                    return;
                }

                from += ControlFrames.LengthBytes;
                byte[] payload = new byte[length];
                int here = Math.Min(length, to - from);
                buffer.AsSpan(from, here).CopyTo(payload);
                from += here;
                if (here < length)
                {
                    await wire.Stream.ReadExactlyAsync(payload.AsMemory(here)).ConfigureAwait(false);
                }

                if (!IsCut)
                {
                    listener.Notify(new InboundPayload(UnsafeByteOperations.UnsafeWrap(payload)));
                }
            }
        }
        catch (Exception e) when (ControlDial.IsEndOfHandshake(e))
        {
            // The connection broke, or this side ended it.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            Abort();
            listener.Notify(new Disassociated(DisassociateInfo.Unknown));

            // Who still writes fails soon, and frees the stream then.
            if (Interlocked.Exchange(ref writer, Over) == Idle)
            {
                wire.Dispose();
            }
        }
    }
}
