namespace MoeActors.Host.Configuration;

/// <summary>Torch's device as configured.</summary>
internal enum DeviceChoice
{
    /// <summary>CUDA where the build and a driver have it, else the CPU.</summary>
    Auto,

    /// <summary>The CPU.</summary>
    Cpu,

    /// <summary>CUDA, or a failure to start.</summary>
    Cuda,
}
