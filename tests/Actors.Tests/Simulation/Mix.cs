namespace MoeActors.Actors.Tests.Simulation;

/// <summary>Symbolic arithmetic: state, gradients and messages are hashes of what they were computed from, so that one wrong input shows for ever after.</summary>
internal static class Mix
{
    /// <summary>Hash of a sequence; its order counts.</summary>
    public static ulong Of(params ReadOnlySpan<ulong> parts)
    {
        ulong hash = 0x9E3779B97F4A7C15UL + (ulong)parts.Length;
        foreach (ulong part in parts)
        {
            hash = Scramble(hash ^ Scramble(part + 0xD1B54A32D192ED03UL));
        }

        return hash;
    }

    /// <summary>A number in (0, 1] that stands for a squared norm or a loss.</summary>
    public static double Size(ulong hash) => ((hash >> 40) + 1) / (double)(1 << 24);

    private static ulong Scramble(ulong x)
    {
        x ^= x >> 30;
        x *= 0xBF58476D1CE4E5B9UL;
        x ^= x >> 27;
        x *= 0x94D049BB133111EBUL;
        return x ^ (x >> 31);
    }
}
