using System.IO.Hashing;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace MoeActors.Actors.Exchange;

/// <summary>A frame on its way out; owns the tensor's handle.</summary>
internal struct Outgoing
{
    internal FrameHeader Header;
    internal int[] Meta;
    internal Tensor? Payload;

    /// <summary>Checks what a caller of Send gave, fills in what describes it. Frees the tensor when it throws.</summary>
    internal static Outgoing Prepare(in FrameHeader header, int[] meta, Tensor? payload)
    {
        Outgoing frame = new() { Header = header, Meta = meta, Payload = payload };
        try
        {
            frame.Describe();
            return frame;
        }
        catch
        {
            frame.Payload?.Dispose();
            throw;
        }
    }

    private void Describe()
    {
        if (Meta.Length > FrameRules.MaxMetaInts)
        {
            throw new ArgumentException($"{Meta.Length} meta integers do not fit into a frame: at most {FrameRules.MaxMetaInts}");
        }

        (Header.Rows, Header.Columns, Header.PayloadBytes, Header.DType) = (0, 0, 0, ScalarType.Byte);
        if (Payload is not null)
        {
            Shape(Payload);
        }

        Header.Magic = FrameHeader.ExpectedMagic;
        Header.Version = FrameHeader.ProtocolVersion;
        Header.Kind = FrameKind.Data;
        Header.MetaInts = Meta.Length;
        Header.MetaChecksum = Meta.Length == 0 ? 0 : XxHash3.HashToUInt64(MemoryMarshal.AsBytes<int>(Meta));
        (Header.Sequence, Header.PayloadChecksum, Header.Credit, Header.HeaderChecksum) = (0, 0, 0, 0);
        (Header.Reserved0, Header.Reserved1, Header.LinkMicroseconds, Header.LinkKibibytes) = (0, 0, 0, 0);
    }

    private void Shape(Tensor tensor)
    {
        tensor.DetachFromDisposeScope();
        if (tensor.dim() == 1)
        {
            Payload = tensor.view(1, tensor.size(0)).DetachFromDisposeScope();
            tensor.Dispose();
            tensor = Payload;
        }

        ScalarType type = tensor.dtype;
        int element = FrameRules.SizeOf(type);
        if (tensor.dim() != 2 || element == 0 || !tensor.is_contiguous() || tensor.size(0) > int.MaxValue || tensor.size(1) > int.MaxValue)
        {
            throw new ArgumentException($"a payload of shape [{string.Join(", ", tensor.shape)}] and type {type} cannot travel: expected a contiguous [rows, columns] of a plain type");
        }

        (Header.Rows, Header.Columns, Header.DType) = ((int)tensor.size(0), (int)tensor.size(1), type);
        Header.PayloadBytes = (long)Header.Rows * Header.Columns * element;
        if (Header.PayloadBytes == 0)
        {
            tensor.Dispose();
            Payload = null;
        }
    }
}
