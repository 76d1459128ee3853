using System.IO.Hashing;
using System.Runtime.InteropServices;
using TorchSharp;

namespace MoeActors.Actors.Exchange;

/// <summary>
/// The fixed header of every frame; what goes on the wire is exactly this, little endian, <see cref="Size"/> bytes, then
/// <see cref="MetaInts"/> int32 of meta, then <see cref="PayloadBytes"/> of row-major tensor memory.
/// A caller of <see cref="IExchange.Send"/> fills in run, epoch, step, purpose, source, destination, micro, layer, chunk and chunk count
/// (EP-1); everything else is filled in by the exchange.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
public struct FrameHeader
{
    /// <summary>Bytes of the header on the wire.</summary>
    public const int Size = 120;

    /// <summary>"MOEF" read as a little-endian number.</summary>
    public const uint ExpectedMagic = 0x46454F4D;

    /// <summary>Version of the protocol, handshake and frames together.</summary>
    public const ushort ProtocolVersion = 2;

    /// <summary><see cref="ExpectedMagic"/>.</summary>
    [FieldOffset(0)] public uint Magic;

    /// <summary><see cref="ProtocolVersion"/>.</summary>
    [FieldOffset(4)] public ushort Version;

    /// <summary>What the frame is to the connection.</summary>
    [FieldOffset(6)] public FrameKind Kind;

    /// <summary>What the payload is to the step; 0 in frames other than data.</summary>
    [FieldOffset(7)] public Purpose Purpose;

    /// <summary>Key of the run.</summary>
    [FieldOffset(8)] public ulong Run;

    /// <summary>Epoch of the sender.</summary>
    [FieldOffset(16)] public int Epoch;

    /// <summary>Latency of the emulated link the frame travels, in microseconds; 0 without. Filled in by the exchange.</summary>
    [FieldOffset(20)] public int LinkMicroseconds;

    /// <summary>Training step.</summary>
    [FieldOffset(24)] public long Step;

    /// <summary>Packed <see cref="Endpoint"/> that sends.</summary>
    [FieldOffset(32)] public uint Source;

    /// <summary>Packed <see cref="Endpoint"/> that receives.</summary>
    [FieldOffset(36)] public uint Destination;

    /// <summary>Counts the frames of one connection and direction from 0; filled in by the exchange, 0 in a local hand-over.</summary>
    [FieldOffset(40)] public uint Sequence;

    /// <summary>Micro-batch.</summary>
    [FieldOffset(44)] public int Micro;

    /// <summary>Ordinal of the MoE layer, or what the purpose makes of it.</summary>
    [FieldOffset(48)] public int Layer;

    /// <summary>Ordinal of the chunk or piece.</summary>
    [FieldOffset(52)] public int Chunk;

    /// <summary>How many chunks or pieces there are.</summary>
    [FieldOffset(56)] public int ChunkCount;

    /// <summary>Element type of the payload.</summary>
    [FieldOffset(60)] public torch.ScalarType DType;

    /// <summary>Rows of the payload.</summary>
    [FieldOffset(64)] public int Rows;

    /// <summary>Columns of the payload.</summary>
    [FieldOffset(68)] public int Columns;

    /// <summary>Count of the int32 that follow the header.</summary>
    [FieldOffset(72)] public int MetaInts;

    /// <summary>Bandwidth of the emulated link the frame travels, in KiB a second; 0 = no limit. Filled in by the exchange.</summary>
    [FieldOffset(76)] public int LinkKibibytes;

    /// <summary>Bytes of the payload: rows × columns × element size.</summary>
    [FieldOffset(80)] public long PayloadBytes;

    /// <summary>XxHash3 (64 bit) of the payload; 0 when payload checksums are off.</summary>
    [FieldOffset(88)] public ulong PayloadChecksum;

    /// <summary>XxHash3 (64 bit) of the meta; always on, 0 without meta.</summary>
    [FieldOffset(96)] public ulong MetaChecksum;

    /// <summary>Payload bytes of the other direction whose tickets were taken or discarded since the connection began: cumulative, so each frame returns credit.</summary>
    [FieldOffset(104)] public long Credit;

    /// <summary>XxHash3 (64 bit) of the bytes before it.</summary>
    [FieldOffset(112)] public ulong HeaderChecksum;

    // Unused bytes, zero on the wire.
    [FieldOffset(61)] internal byte Reserved0;
    [FieldOffset(62)] internal ushort Reserved1;

    /// <summary>Hash of everything before <see cref="HeaderChecksum"/>.</summary>
    internal static ulong ComputeChecksum(in FrameHeader header) =>
        XxHash3.HashToUInt64(MemoryMarshal.AsBytes(new ReadOnlySpan<FrameHeader>(in header))[..112]);
}
