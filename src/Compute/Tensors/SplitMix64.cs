namespace MoeActors.Compute.Tensors;

/// <summary>
/// SplitMix64 (Steele, Lea, Flood 2014), for numbers that depend on a counter and on nothing else: the same on every machine, whoever draws them and in whatever order (DT-1).
/// </summary>
public static class SplitMix64
{
    /// <summary>What its state grows by: the golden ratio, of 64 bits.</summary>
    public const ulong Increment = 0x9E3779B97F4A7C15;

    /// <summary>The number that follows state <paramref name="x"/>.</summary>
    public static ulong Next(ulong x) => Finish(x + Increment);

    /// <summary>Its finaliser: a bijection whose output bits all depend on all input bits.</summary>
    public static ulong Finish(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
