using System.Buffers.Binary;

namespace MoeActors.Actors.ControlPlane;

/// <summary>
/// PURE: the framing inside a control connection's TLS. The listener greets first (magic "MOEC", version as u16, two zero bytes): only then has it accepted the dialler. After it frames both ways: length as
/// u32, then that many bytes; little endian.
/// </summary>
internal static class ControlFrames
{
    internal const int GreetingBytes = 8;
    internal const int LengthBytes = 4;

    /// <summary>Largest frame: a gossip or an epoch's table is a few KiB, a status of many nodes some hundred.</summary>
    internal const int MaxPayload = 8_000_000;

    /// <summary>Version of this framing; messages have <see cref="Protocol.ProtocolVersion"/>.</summary>
    internal const ushort Version = 1;

    private const uint Magic = 0x43454F4D;

    internal static void WriteGreeting(Span<byte> into)
    {
        into[..GreetingBytes].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(into, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(into[4..], Version);
    }

    /// <summary>Why a greeting is refused, or null.</summary>
    internal static string? CheckGreeting(ReadOnlySpan<byte> greeting)
    {
        if (BinaryPrimitives.ReadUInt32LittleEndian(greeting) != Magic)
        {
            return "it does not speak the control plane's protocol";
        }

        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(greeting[4..]);
        return version == Version ? null : $"it speaks version {version} of the control plane's framing, this process {Version}: install the same version on every node";
    }

    internal static void WriteLength(Span<byte> into, int length) => BinaryPrimitives.WriteInt32LittleEndian(into, length);

    /// <summary>Length of the frame that begins; null where no frame may be that long.</summary>
    internal static int? ReadLength(ReadOnlySpan<byte> header) => BinaryPrimitives.ReadUInt32LittleEndian(header) is var length and > 0 and <= MaxPayload ? (int)length : null;
}
