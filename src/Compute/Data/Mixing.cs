using MoeActors.Compute.Tensors;

namespace MoeActors.Compute.Data;

/// <summary>Counter-based random numbers of the sample order: pure functions of their arguments.</summary>
internal static class Mixing
{
    /// <summary>A well mixed number from three, order mattering.</summary>
    public static ulong Combine(ulong a, ulong b, ulong c) => SplitMix64.Next(SplitMix64.Next(SplitMix64.Next(a) ^ b) ^ c);

    /// <summary>A number in 0 … <paramref name="bound"/> - 1 from a well mixed one.</summary>
    public static long Below(ulong mixed, long bound) => (long)Math.BigMul(mixed, (ulong)bound, out _);
}
