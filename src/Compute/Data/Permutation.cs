namespace MoeActors.Compute.Data;

/// <summary>
/// A keyed pseudo-random permutation of 0 … Count-1 that needs no table: a balanced Feistel network over the next power of four, walked along its cycle until
/// it lands inside (Black and Rogaway 2002, "Ciphers with Arbitrary Finite Domains"). A bijection for every key and count; a few steps on average.
/// </summary>
internal readonly struct Permutation
{
    private const int Rounds = 6;
    private readonly ulong _key;
    private readonly int _half;
    private readonly ulong _mask;

    /// <summary>The permutation of <paramref name="count"/> ≥ 1 numbers that <paramref name="key"/> chooses.</summary>
    public Permutation(long count, ulong key)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        Count = count;
        _key = key;
        int bits = 64 - System.Numerics.BitOperations.LeadingZeroCount((ulong)(count - 1));
        _half = Math.Max(1, (bits + 1) / 2);
        _mask = (1UL << _half) - 1;
    }

    /// <summary>Numbers permuted.</summary>
    public long Count { get; }

    /// <summary>Image of <paramref name="index"/>, 0 … Count-1.</summary>
    public long this[long index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
            ulong x = (ulong)index;
            do
            {
                x = Feistel(x);
            }
            while (x >= (ulong)Count);

            return (long)x;
        }
    }

    private ulong Feistel(ulong x)
    {
        ulong left = x >> _half, right = x & _mask;
        for (ulong round = 0; round < Rounds; round++)
        {
            (left, right) = (right, left ^ (Mixing.Combine(_key, round, right) & _mask));
        }

        return (left << _half) | right;
    }
}
