using MoeActors.Actors.Exchange;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>One connection between two processes: frames are numbered by each direction.</summary>
internal sealed class SimLink(SimProcess a, SimProcess b)
{
    private readonly uint[] sent = new uint[2], received = new uint[2];
    private readonly long[] last = new long[2];

    public SimProcess A => a;

    public SimProcess B => b;

    public bool IsBroken { get; set; }

    /// <summary>The frame sealed last.</summary>
    public FrameHeader Last { get; private set; }

    public SimProcess Other(SimProcess end) => end == a ? b : a;

    /// <summary>The header as it goes on the wire.</summary>
    public FrameHeader Seal(SimProcess from, FrameHeader header)
    {
        header.Magic = FrameHeader.ExpectedMagic;
        header.Version = FrameHeader.ProtocolVersion;
        header.Kind = FrameKind.Data;
        header.DType = TorchSharp.torch.ScalarType.Int64;
        (header.Rows, header.Columns, header.PayloadBytes) = (1, 1, sizeof(ulong));
        header.Sequence = sent[Side(from)]++;
        header.HeaderChecksum = FrameHeader.ComputeChecksum(in header);
        return Last = header;
    }

    /// <summary>Frames of one direction keep their order.</summary>
    public long InOrder(SimProcess from, long at) => last[Side(from)] = Math.Max(at, last[Side(from)] + 1);

    public uint Expected(SimProcess to) => received[1 - Side(to)];

    public void Accept(SimProcess to) => received[1 - Side(to)]++;

    private int Side(SimProcess end) => end == a ? 0 : 1;
}
