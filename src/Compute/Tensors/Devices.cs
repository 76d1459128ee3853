using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using MoeActors.Compute.Specs;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tensors;

/// <summary>Every choice of a device in one place. CPU builds compute on the CPU; CUDA builds use GPU index mod count where a driver is present.</summary>
public static class Devices
{
    /// <summary>Device of lane <paramref name="index"/> of this process: "cuda:i" where this build and machine have one, else the CPU.</summary>
    public static Device Select(int index = 0)
    {
        int count = CudaCount();
        return count > 0 ? new Device(DeviceType.CUDA, index % count) : CPU;
    }

    /// <summary>CUDA devices this build can use here.</summary>
    public static int CudaCount()
    {
        LibTorchCheck.Verify();
        return cuda.is_available() ? cuda.device_count() : 0;
    }

    /// <summary>Arithmetic that is fast on <paramref name="device"/>: bf16 with fp32 master where it has bf16 units, else fp32.</summary>
    public static Precision DefaultPrecision(Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return device.type == DeviceType.CUDA || CpuHasBFloat16() ? Precision.BFloat16 : Precision.Float32;
    }

    /// <summary>fp32 product mode that is fast and safe on this machine. With AMX units "medium" would round its inputs to bf16, so it is left off there.</summary>
    public static MatmulMode DefaultMatmul() => CpuHasAmx() ? MatmulMode.Highest : MatmulMode.Medium;

    /// <summary>Whether the results of a run on <paramref name="device"/> are bitwise reproducible (DT-1): always on the CPU.</summary>
    public static bool IsBitwise(Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return device.type == DeviceType.CPU;
    }

    /// <summary>libtorch's element type for <paramref name="precision"/>.</summary>
    public static ScalarType ComputeType(Precision precision) => precision == Precision.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;

    /// <summary>One line for people: device, vector width, bf16 units, cores.</summary>
    public static string Describe(Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (device.type == DeviceType.CUDA)
        {
            return $"cuda:{device.index}";
        }

        string vectors = Vector512.IsHardwareAccelerated ? "512" : Vector256.IsHardwareAccelerated ? "256" : "128";
        string bf16 = CpuHasBFloat16() ? " with bf16 units" : "";
        return $"cpu ({RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}, {Environment.ProcessorCount} cores, {vectors}-bit vectors{bf16})";
    }

    /// <summary>Whether the CPU multiplies bf16 in hardware (AVX512-BF16).</summary>
    public static bool CpuHasBFloat16() => Vector512.IsHardwareAccelerated && (Leaf7(1).Eax & (1 << 5)) != 0;

    /// <summary>Whether the CPU has AMX tiles for bf16.</summary>
    public static bool CpuHasAmx() => (Leaf7(0).Edx & (1 << 22)) != 0;

    private static (int Eax, int Edx) Leaf7(int subleaf)
    {
        if (!X86Base.IsSupported || X86Base.CpuId(0, 0).Eax < 7 || (subleaf > 0 && X86Base.CpuId(7, 0).Eax < subleaf))
        {
            return default;
        }

        (int eax, _, _, int edx) = X86Base.CpuId(7, subleaf);
        return (eax, edx);
    }
}
