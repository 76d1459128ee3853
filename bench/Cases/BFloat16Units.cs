using MoeActors.Compute.Tensors;

namespace MoeActors.Bench.Cases;

/// <summary>Whether bf16 products can be measured: a processor without bf16 units emulates them at a hundredth of the speed, which says nothing about anybody's code.</summary>
internal static class BFloat16Units
{
    /// <summary>True, and said, where this processor has none.</summary>
    public static bool Missing(BenchContext context, string name)
    {
        bool missing = !Devices.CpuHasBFloat16();
        if (missing)
        {
            context.Say($"{name} bf16: left out, this processor has no bf16 units");
        }

        return missing;
    }
}
