using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace MoeActors.Actors.Exchange;

/// <summary>The memory of contiguous CPU tensors, of any size: Tensor.bytes ends at 2 GiB.</summary>
internal static unsafe partial class TensorBytes
{
    /// <summary>Address of the first element. Valid while the tensor lives.</summary>
    internal static byte* Start(Tensor tensor)
    {
        byte* start = (byte*)THSTensor_data(tensor.Handle);
        GC.KeepAlive(tensor);
        return start;
    }

    /// <summary>The tensor itself, or a copy on the CPU in its place: the one point where device memory is staged for the wire. Disposes what it replaces.</summary>
    internal static Tensor OnHost(Tensor tensor)
    {
        if (tensor.device_type == TorchSharp.DeviceType.CPU)
        {
            return tensor;
        }

        try
        {
            return tensor.cpu();
        }
        finally
        {
            tensor.Dispose();
        }
    }

    [LibraryImport("LibTorchSharp")]
    private static partial nint THSTensor_data(nint handle);
}
