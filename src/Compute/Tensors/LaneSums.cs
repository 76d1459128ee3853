using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace MoeActors.Compute.Tensors;

/// <summary>
/// A checksum cheap enough to be formed wherever memory is read anyway: in each of 8 lanes the sum of its 32-bit words and the sum of those sums (Fletcher 1982), modulo 2³². One changed word
/// always changes it; of several, all but about one pattern in 2⁶⁴. It guards memory against accidents, not files (they have XxHash128) and not against anybody's intent; it never leaves the process.
/// </summary>
internal struct LaneSums
{
    // Half as wide as the words come: a pass that forms several of these keeps them in registers, also where those have 256 bits.
    private Vector256<uint> sums, order;

    /// <summary>The next 16 words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(Vector512<uint> words)
    {
        sums += words.GetLower();
        order += sums;
        sums += words.GetUpper();
        order += sums;
    }

    /// <summary>The next 16 values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(Vector512<float> values) => Add(values.AsUInt32());

    /// <summary>All lanes in one word; each step is a bijection of the lane it takes in, so that a change of a single lane is never lost.</summary>
    public readonly ulong Value
    {
        get
        {
            ulong value = 0;
            for (int lane = 0; lane < Vector256<uint>.Count; lane++)
            {
                value = (value ^ (sums[lane] | ((ulong)order[lane] << 32))) * 0x9E3779B97F4A7C15;
            }

            return value;
        }
    }

    /// <summary>Checksum of <paramref name="bytes"/> bytes from <paramref name="start"/> on; the end counts as if filled up with zeros to 64.</summary>
    public static unsafe ulong Of(byte* start, long bytes)
    {
        LaneSums sums = default;
        long i = 0;
        for (; i + 64 <= bytes; i += 64)
        {
            sums.Add(Vector512.Load((uint*)(start + i)));
        }

        if (i < bytes)
        {
            byte* rest = stackalloc byte[64];
            new Span<byte>(rest, 64).Clear();
            new ReadOnlySpan<byte>(start + i, (int)(bytes - i)).CopyTo(new Span<byte>(rest, 64));
            sums.Add(Vector512.Load((uint*)rest));
        }

        return sums.Value;
    }
}
