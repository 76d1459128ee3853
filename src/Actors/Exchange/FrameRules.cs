using TorchSharp;

namespace MoeActors.Actors.Exchange;

/// <summary>What a received header must satisfy before a byte of memory is allocated for it. Pure; the wire is not trusted.</summary>
internal static class FrameRules
{
    /// <summary>Most meta integers of one frame.</summary>
    internal const int MaxMetaInts = 1 << 20;

    /// <summary>Bytes of one element, 0 for a type that does not travel.</summary>
    internal static int SizeOf(torch.ScalarType type) => type switch
    {
        torch.ScalarType.Byte or torch.ScalarType.Int8 or torch.ScalarType.Bool => 1,
        torch.ScalarType.Int16 or torch.ScalarType.Float16 or torch.ScalarType.BFloat16 => 2,
        torch.ScalarType.Int32 or torch.ScalarType.Float32 => 4,
        torch.ScalarType.Int64 or torch.ScalarType.Float64 => 8,
        _ => 0,
    };

    /// <summary>The reason why <paramref name="h"/> cannot be accepted as the frame number <paramref name="sequence"/>, or null.</summary>
    internal static string? Fault(in FrameHeader h, uint sequence, long maxPayload)
    {
        if (h.Magic != FrameHeader.ExpectedMagic)
        {
            return $"frame {sequence} does not begin with the exchange's magic number";
        }

        if (h.Version != FrameHeader.ProtocolVersion)
        {
            return $"frame {sequence} has protocol version {h.Version}, expected {FrameHeader.ProtocolVersion}";
        }

        if (h.HeaderChecksum != FrameHeader.ComputeChecksum(in h))
        {
            return $"the header of frame {sequence} does not match its checksum";
        }

        if (h.Sequence != sequence)
        {
            return $"frame {h.Sequence} came where frame {sequence} was expected";
        }

        if (h.Reserved0 != 0 || h.Reserved1 != 0)
        {
            return $"frame {sequence} has reserved bytes set";
        }

        if (h.LinkMicroseconds < 0 || h.LinkMicroseconds > LinkModel.MostLatency.TotalMicroseconds || h.LinkKibibytes < 0)
        {
            return $"frame {sequence} names a link of {h.LinkMicroseconds} µs and {h.LinkKibibytes} KiB/s";
        }

        return h.Kind switch
        {
            FrameKind.Data => DataFault(in h, maxPayload),
            FrameKind.Credit or FrameKind.CreditRequest when h.PayloadBytes != 0 || h.MetaInts != 0 => $"control frame {sequence} carries data",
            FrameKind.Credit or FrameKind.CreditRequest => null,
            _ => $"frame {sequence} has the unknown kind {(byte)h.Kind}",
        };
    }

    private static string? DataFault(in FrameHeader h, long maxPayload)
    {
        if (h.Purpose is < Purpose.Dispatch or > Purpose.StatePiece)
        {
            return $"frame {h.Sequence} has the unknown purpose {(byte)h.Purpose}";
        }

        if (h.MetaInts is < 0 or > MaxMetaInts || (h.MetaInts == 0 && h.MetaChecksum != 0))
        {
            return $"frame {h.Sequence} announces {h.MetaInts} meta integers, allowed are 0 to {MaxMetaInts}";
        }

        if (h.Rows < 0 || h.Columns < 0 || SizeOf(h.DType) == 0)
        {
            return $"frame {h.Sequence} announces [{h.Rows}, {h.Columns}] of type {(sbyte)h.DType}";
        }

        // Elements stay below 2^62, so only the size of an element could overflow.
        long elements = (long)h.Rows * h.Columns;
        return elements > maxPayload || elements * SizeOf(h.DType) != h.PayloadBytes || h.PayloadBytes > maxPayload
            ? $"frame {h.Sequence} announces {h.PayloadBytes} bytes for [{h.Rows}, {h.Columns}] of {h.DType}, at most {maxPayload} are accepted"
            : null;
    }
}
