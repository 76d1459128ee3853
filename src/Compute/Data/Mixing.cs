namespace MoeActors.Compute.Data;

/// <summary>Counter-based random numbers: pure functions of their arguments, the same on every machine. SplitMix64's finalizer (Steele et al. 2014).</summary>
internal static class Mixing
{
    /// <summary>A well mixed 64-bit number from one.</summary>
    public static ulong Mix(ulong x)
    {
        x += 0x9E3779B97F4A7C15;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }

    /// <summary>A well mixed number from three, order mattering.</summary>
    public static ulong Combine(ulong a, ulong b, ulong c) => Mix(Mix(Mix(a) ^ b) ^ c);

    /// <summary>A number in 0 … <paramref name="bound"/> - 1 from a well mixed one.</summary>
    public static long Below(ulong mixed, long bound) => (long)Math.BigMul(mixed, (ulong)bound, out _);
}
