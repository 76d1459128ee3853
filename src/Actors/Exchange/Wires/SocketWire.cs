using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace MoeActors.Actors.Exchange.Wires;

/// <summary>A Unix or TCP socket, read and written by blocking system calls with a bounded spin before a read sleeps.</summary>
internal sealed unsafe class SocketWire : Wire
{
    private readonly Socket socket;
    private readonly ExchangeOptions options;
    private readonly int descriptor;
    private readonly long spinTicks;
    private readonly bool held;
    private int disposed;

    internal SocketWire(Socket socket, ExchangeOptions options)
    {
        this.socket = socket;
        this.options = options;
        Prepare(socket, options);
        spinTicks = options.EffectiveSpin * Stopwatch.Frequency / 1_000_000;

        // Held until Dispose, so that the number cannot name another file while a thread uses it.
        socket.SafeHandle.DangerousAddRef(ref held);
        descriptor = (int)socket.SafeHandle.DangerousGetHandle();
    }

    /// <summary>Options both kinds of wire want; handshake time limits apply until <see cref="BeginFrames"/>.</summary>
    internal static void Prepare(Socket socket, ExchangeOptions options)
    {
        if (socket.ProtocolType == ProtocolType.Tcp)
        {
            socket.NoDelay = true;

            // A host that vanished sends no reset: probes find out after 5 + 3 × 1 s.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 5);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 1);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
        }

        if (options.SocketBufferBytes > 0)
        {
            socket.SendBufferSize = options.SocketBufferBytes;
            socket.ReceiveBufferSize = options.SocketBufferBytes;
        }

        socket.ReceiveTimeout = (int)options.HandshakeTimeout.TotalMilliseconds;
        socket.SendTimeout = (int)options.HandshakeTimeout.TotalMilliseconds;
    }

    internal override void BeginFrames()
    {
        socket.ReceiveTimeout = (int)options.StallTimeout.TotalMilliseconds;
        socket.SendTimeout = (int)options.StallTimeout.TotalMilliseconds;
    }

    internal override int Receive(Span<byte> into, bool all)
    {
        if (into.IsEmpty)
        {
            return 0;
        }

        fixed (byte* start = into)
        {
            nint got = spinTicks > 0 ? Poll(start, into.Length) : -1;
            while (got < 0)
            {
                got = NativeSocket.Receive(descriptor, start, (nuint)into.Length, all ? NativeSocket.WaitAll : 0);
                if (got < 0)
                {
                    switch (Marshal.GetLastPInvokeError())
                    {
                        case NativeSocket.Interrupted:
                            continue;
                        case NativeSocket.WouldBlock:
                            return -1;
                        default:
                            throw Failure();
                    }
                }
            }

            return (int)got;
        }
    }

    internal override void Send(ReadOnlySpan<byte> head, ReadOnlySpan<byte> body)
    {
        fixed (byte* h = head, b = body)
        {
            long done = 0, first = head.Length, total = first + body.Length;
            while (done < total)
            {
                long inHead = Math.Min(done, first), inBody = done - inHead;
                long sent = NativeSocket.Send(descriptor, h + inHead, first - inHead, b + inBody, body.Length - inBody);
                if (sent >= 0)
                {
                    done += sent;
                    continue;
                }

                switch (Marshal.GetLastPInvokeError())
                {
                    case NativeSocket.Interrupted:
                        continue;
                    case NativeSocket.WouldBlock:
                        throw new IOException($"the peer took no data for {options.StallTimeout.TotalSeconds:0.#} s");
                    default:
                        throw Failure();
                }
            }
        }
    }

    internal override void Shutdown()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Already ended by the peer.
        }
    }

    public override void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 0)
        {
            socket.SafeHandle.DangerousRelease();
            socket.Dispose();
        }
    }

    private static IOException Failure() => new(Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError()).ToLowerInvariant());

    // Bytes read, 0 at the end of the stream, or -1 when nothing came while spinning.
    private nint Poll(byte* into, int bytes)
    {
        long until = Stopwatch.GetTimestamp() + spinTicks;
        do
        {
            nint got = NativeSocket.Receive(descriptor, into, (nuint)bytes, NativeSocket.DontWait);
            if (got >= 0)
            {
                return got;
            }

            if (Marshal.GetLastPInvokeError() is not (NativeSocket.WouldBlock or NativeSocket.Interrupted))
            {
                throw Failure();
            }

            Thread.SpinWait(8);
        }
        while (Stopwatch.GetTimestamp() < until);
        return -1;
    }
}
