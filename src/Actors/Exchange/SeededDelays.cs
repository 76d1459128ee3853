using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace MoeActors.Actors.Exchange;

/// <summary>
/// Random delays up to <paramref name="maxMs"/> that depend only on the seed and on what the frame is (step, purpose, source, destination, micro, layer,
/// chunk), so that a run can be repeated with the same ones. Uniform.
/// </summary>
/// <param name="seed">Seed.</param>
/// <param name="maxMs">Largest delay in milliseconds.</param>
public sealed class SeededDelays(long seed, double maxMs) : ILinkFaults
{
    /// <inheritdoc/>
    public TimeSpan DelayOf(in FrameHeader header, PeerAddress to)
    {
        ReadOnlySpan<long> identity =
            [header.Step, (long)header.Purpose, header.Source, header.Destination, header.Micro, header.Layer, header.Chunk];
        ulong hash = XxHash3.HashToUInt64(MemoryMarshal.AsBytes(identity), seed);
        return TimeSpan.FromMilliseconds(maxMs * (hash >> 11) / (1UL << 53));
    }
}

/// <summary>Every frame that logical rank <paramref name="rank"/> sends is held back for the same time.</summary>
/// <param name="rank">Logical rank.</param>
/// <param name="ms">Delay in milliseconds.</param>
internal sealed class DelaySource(int rank, double ms) : ILinkFaults
{
    private readonly uint source = new Endpoint(EndpointKind.Rank, 0, rank).Packed;

    /// <inheritdoc/>
    public TimeSpan DelayOf(in FrameHeader header, PeerAddress to) => header.Source == source ? TimeSpan.FromMilliseconds(ms) : TimeSpan.Zero;
}
