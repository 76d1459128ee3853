using System.IO.Hashing;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using MoeActors.Actors.Exchange;
using MoeActors.Actors.Exchange.Wires;
using TorchSharp;

namespace MoeActors.Actors.Tests.Exchange;

/// <summary>A peer that does the handshake right and then writes whatever bytes the test wants. Its incarnation sorts first, so nobody dials it.</summary>
internal sealed class RawPeer : IDisposable
{
    public const string Incarnation = "a-raw";
    private readonly Socket socket;
    private readonly SocketWire wire;

    public RawPeer(string address, long window = 1 << 20)
    {
        socket = Connect(address);
        ExchangeOptions options = new() { HandshakeTimeout = TimeSpan.FromSeconds(10) };
        wire = new SocketWire(socket, options);
        Handshake.Dial(wire, "shared", new PeerIdentity(ExchangeMesh.Run, 1, window, Incarnation), "node-0", options.HandshakeTimeout);
    }

    public static PeerAddress Address { get; } = new(1, "unix:/nowhere", Incarnation);

    public static Socket Connect(string address)
    {
        bool unix = address.StartsWith("unix:", StringComparison.Ordinal);
        Socket socket = unix ? new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) : new(SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(unix ? new UnixDomainSocketEndPoint(address[5..]) : TcpTransport.Parse(address));
        return socket;
    }

    /// <summary>A valid frame whose payload bytes all equal <paramref name="fill"/> and whose chunk says so.</summary>
    public static byte[] Frame(uint sequence, byte fill, int rows, int columns, int[]? meta = null, Func<FrameHeader, FrameHeader>? change = null)
    {
        byte[] payload = new byte[rows * columns];
        payload.AsSpan().Fill(fill);
        meta ??= [fill];
        FrameHeader header = ExchangeMesh.Header(1, 0, chunk: fill);
        header.Magic = FrameHeader.ExpectedMagic;
        header.Version = FrameHeader.ProtocolVersion;
        header.Kind = FrameKind.Data;
        header.Sequence = sequence;
        header.DType = torch.ScalarType.Byte;
        (header.Rows, header.Columns, header.MetaInts, header.PayloadBytes) = (rows, columns, meta.Length, payload.Length);
        header.PayloadChecksum = XxHash3.HashToUInt64(payload);
        header.MetaChecksum = XxHash3.HashToUInt64(MemoryMarshal.AsBytes<int>(meta));
        header = change?.Invoke(header) ?? header;
        header.HeaderChecksum = FrameHeader.ComputeChecksum(in header);
        return [.. MemoryMarshal.AsBytes(new ReadOnlySpan<FrameHeader>(in header)), .. MemoryMarshal.AsBytes<int>(meta), .. payload];
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        try
        {
            wire.Send(bytes, default);
        }
        catch (IOException)
        {
            // The exchange has closed the connection already: that is its right.
        }
    }

    /// <summary>Says that nothing more comes and waits until the exchange has closed its side too.</summary>
    public void Finish()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
            Span<byte> rest = stackalloc byte[4096];
            while (wire.Receive(rest, all: false) > 0)
            {
            }
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            // Closed already.
        }
    }

    public void Dispose() => wire.Dispose();
}
