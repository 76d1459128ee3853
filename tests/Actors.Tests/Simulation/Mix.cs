using MoeActors.Compute.Tensors;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>Symbolic arithmetic: state, gradients and messages are hashes of what they were computed from, so that one wrong input shows for ever after.</summary>
internal static class Mix
{
    /// <summary>Hash of a sequence; its order counts.</summary>
    public static ulong Of(params ReadOnlySpan<ulong> parts)
    {
        ulong hash = SplitMix64.Increment + (ulong)parts.Length;
        foreach (ulong part in parts)
        {
            hash = SplitMix64.Finish(hash ^ SplitMix64.Finish(part + 0xD1B54A32D192ED03UL));
        }

        return hash;
    }

    /// <summary>A number in (0, 1] that stands for a squared norm or a loss.</summary>
    public static double Size(ulong hash) => ((hash >> 40) + 1) / (double)(1 << 24);
}
