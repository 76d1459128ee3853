using TorchSharp;

namespace MoeActors.Compute.Tensors;

/// <summary>libtorch's thread count is a property of the calling thread; each compute thread sets its own.</summary>
public static class ThreadSettings
{
    /// <summary>
    /// Makes libtorch use <paramref name="threads"/> threads for calls from this thread. Call it first thing on a compute thread:
    /// more threads than cores collapse OpenMP (100 times slower), and the count is part of the arithmetic (DT-1).
    /// </summary>
    public static void Apply(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        torch.set_num_threads(threads);
    }

    /// <summary>Threads each of <paramref name="lanes"/> compute threads on this machine can have without crowding the others; at least 1.</summary>
    public static int Share(int lanes) => Math.Max(1, Environment.ProcessorCount / Math.Max(1, lanes));
}
