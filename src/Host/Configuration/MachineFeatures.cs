using System.Runtime.Intrinsics.X86;

namespace MoeActors.Host.Configuration;

/// <summary>What the processor can do, as far as defaults depend on it.</summary>
internal static class MachineFeatures
{
    /// <summary>Whether the CPU multiplies bf16 in hardware: AVX512-BF16 (CPUID leaf 7, subleaf 1, EAX bit 5).</summary>
    public static bool HasBFloat16 { get; } = X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= 7 && (X86Base.CpuId(7, 1).Eax & (1 << 5)) != 0;
}
