using System.Buffers.Binary;
using System.Text;

namespace MoeActors.Actors.Exchange;

/// <summary>Messages of the handshake, in the order they go.</summary>
internal enum HandshakeKind : byte
{
    /// <summary>Dialler: nonce, run, node, window, incarnation.</summary>
    Hello = 1,

    /// <summary>Listener: nonce.</summary>
    Challenge = 2,

    /// <summary>Dialler: proof that it knows the secret.</summary>
    Proof = 3,

    /// <summary>Listener: window, incarnation, proof that it knows the secret.</summary>
    Welcome = 4,

    /// <summary>Dialler: frames may begin.</summary>
    Ready = 5,

    /// <summary>Either: code and one line of reason, then the connection ends.</summary>
    Refuse = 6,
}

/// <summary>
/// Reads and writes handshake messages: magic "MOEX", version (u16), kind, 0, length (i32, at most <see cref="MaxBody"/>), body; little endian.
/// This prefix is the same in all versions, so that a refusal can always be read.
/// </summary>
internal static class HandshakeMessage
{
    internal const uint Magic = 0x58454F4D;
    internal const int Prefix = 12;
    internal const int MaxBody = 1024;

    internal static void Write(Wire wire, HandshakeKind kind, ReadOnlySpan<byte> body, ushort version = FrameHeader.ProtocolVersion)
    {
        Span<byte> prefix = stackalloc byte[Prefix];
        BinaryPrimitives.WriteUInt32LittleEndian(prefix, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(prefix[4..], version);
        prefix[6] = (byte)kind;
        prefix[7] = 0;
        BinaryPrimitives.WriteInt32LittleEndian(prefix[8..], body.Length);
        wire.Send(prefix, body);
    }

    internal static void WriteRefusal(Wire wire, RefusalCode code, string reason)
    {
        byte[] body = [(byte)code, .. Encoding.UTF8.GetBytes(reason).AsSpan(0, Math.Min(Encoding.UTF8.GetByteCount(reason), MaxBody - 1))];
        Write(wire, HandshakeKind.Refuse, body);
    }

    /// <summary>The body of the next message, which must be of the given kind.</summary>
    /// <exception cref="ExchangeRefusedException">The peer refused, speaks another version, or is no peer at all.</exception>
    internal static byte[] Read(Wire wire, HandshakeKind expected, Deadline deadline)
    {
        Span<byte> prefix = stackalloc byte[Prefix];
        ReadExactly(wire, prefix, deadline);
        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(prefix[4..]);
        int length = BinaryPrimitives.ReadInt32LittleEndian(prefix[8..]);
        if (BinaryPrimitives.ReadUInt32LittleEndian(prefix) != Magic || length is < 0 or > MaxBody)
        {
            throw new ExchangeRefusedException(RefusalCode.Malformed, "the other side does not speak the exchange's protocol");
        }

        HandshakeKind kind = (HandshakeKind)prefix[6];
        if (kind != HandshakeKind.Refuse && version != FrameHeader.ProtocolVersion)
        {
            throw new ExchangeRefusedException(
                RefusalCode.OtherVersion, $"the peer speaks exchange protocol {version}, this node {FrameHeader.ProtocolVersion}: run the same build on all nodes");
        }

        byte[] body = new byte[length];
        ReadExactly(wire, body, deadline);
        if (kind == HandshakeKind.Refuse && length >= 1)
        {
            throw new ExchangeRefusedException((RefusalCode)body[0], $"refused by the peer: {OneLine(body.AsSpan(1))}");
        }

        return kind == expected
            ? body
            : throw new ExchangeRefusedException(RefusalCode.Malformed, $"the peer sent handshake message {(byte)kind} where {expected} was expected");
    }

    private static void ReadExactly(Wire wire, Span<byte> into, Deadline deadline)
    {
        while (!into.IsEmpty)
        {
            int got = wire.Receive(into, all: false);
            if (got == 0)
            {
                throw new IOException("the peer closed the connection during the handshake");
            }

            if (got < 0 || deadline.Passed)
            {
                throw new IOException("the handshake took too long");
            }

            into = into[got..];
        }
    }

    // The text comes from a peer that may not have shown the secret: bounded, and without control characters.
    private static string OneLine(ReadOnlySpan<byte> text)
    {
        char[] chars = Encoding.UTF8.GetString(text).ToCharArray();
        for (int i = 0; i < chars.Length; i++)
        {
            chars[i] = char.IsControl(chars[i]) ? ' ' : chars[i];
        }

        return new string(chars);
    }
}

/// <summary>A point in monotonic time.</summary>
internal readonly struct Deadline(TimeSpan from)
{
    private readonly long at = Environment.TickCount64 + (long)from.TotalMilliseconds;

    internal bool Passed => Environment.TickCount64 > at;
}
