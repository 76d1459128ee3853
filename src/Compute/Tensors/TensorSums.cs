using static TorchSharp.torch;

namespace MoeActors.Compute.Tensors;

/// <summary>Checksums of ranges of a flat tensor, each with the version it is of: whether a range is still what it was. Not thread-safe: whoever changes the tensor calls it.</summary>
/// <param name="flat">Contiguous CPU tensor, borrowed.</param>
/// <param name="rangeOf">Range of each part: first element and elements.</param>
/// <param name="parts">Parts.</param>
public sealed class TensorSums(Tensor flat, Func<int, (long Begin, long Count)> rangeOf, int parts)
{
    private readonly (long Version, ulong Sum)[] sums = [.. Enumerable.Repeat((-1L, 0UL), parts)];

    /// <summary>The part is as it should be, and of <paramref name="version"/>.</summary>
    public void Seal(int part, long version) => sums[part] = (version, Sum(part));

    /// <summary>The part is of <paramref name="version"/> now, and has not been written.</summary>
    public void Keep(int part, long version) => sums[part].Version = version;

    /// <summary>Whether the part of <paramref name="version"/> is what it was when it was sealed; one that was not sealed at that version is sealed now.</summary>
    public bool IsIntact(int part, long version)
    {
        if (sums[part].Version != version)
        {
            Seal(part, version);
            return true;
        }

        return sums[part].Sum == Sum(part);
    }

    /// <summary>Checksum of <paramref name="count"/> elements from <paramref name="begin"/> on.</summary>
    public static unsafe ulong Of(Tensor flat, long begin, long count)
    {
        ArgumentNullException.ThrowIfNull(flat);
        return LaneSums.Of(TensorMemory.BytePointer(flat) + (begin * flat.ElementSize), count * flat.ElementSize);
    }

    private ulong Sum(int part)
    {
        (long begin, long count) = rangeOf(part);
        return Of(flat, begin, count);
    }
}
