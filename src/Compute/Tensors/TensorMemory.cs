using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tensors;

/// <summary>
/// Typed views over the native memory of contiguous CPU tensors: nothing is copied, any size (the span of TorchSharp itself ends at 2 GiB).
/// A view is valid as long as its tensor lives; the caller keeps it alive. Safe from any thread.
/// </summary>
public static unsafe partial class TensorMemory
{
    /// <summary>Whether <paramref name="tensor"/> can be viewed: on the CPU and contiguous.</summary>
    public static bool CanView(Tensor tensor) => tensor.device_type == DeviceType.CPU && tensor.is_contiguous();

    /// <summary>Address of the first element.</summary>
    /// <typeparam name="T">An unmanaged type of the element's size: float, double, long, or ushort for bf16.</typeparam>
    /// <exception cref="ArgumentException">The tensor is not contiguous CPU memory of such elements.</exception>
    public static T* Pointer<T>(Tensor tensor)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (sizeof(T) != tensor.ElementSize || !CanView(tensor))
        {
            throw new ArgumentException(
                $"a contiguous CPU tensor with elements of {sizeof(T)} bytes is needed, not {tensor.dtype} [{string.Join(", ", tensor.shape)}] on {tensor.device_type}", nameof(tensor));
        }

        return (T*)Data(tensor.Handle);
    }

    /// <summary>All elements as a span; at most 2³¹-1 of them.</summary>
    /// <exception cref="ArgumentException">As <see cref="Pointer{T}"/>, or too many elements for one span.</exception>
    public static Span<T> Span<T>(Tensor tensor)
        where T : unmanaged
    {
        T* data = Pointer<T>(tensor);
        return new Span<T>(data, checked((int)tensor.numel()));
    }

    /// <summary><paramref name="count"/> elements from <paramref name="begin"/> on; the tensor itself may be larger than 2 GiB.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves the tensor.</exception>
    public static Span<T> Span<T>(Tensor tensor, long begin, int count)
        where T : unmanaged
    {
        T* data = Pointer<T>(tensor);
        ArgumentOutOfRangeException.ThrowIfNegative(begin);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(begin + count, tensor.numel());
        return new Span<T>(data + begin, count);
    }

    /// <summary>Bytes of the tensor's data: elements times element size.</summary>
    public static long ByteCount(Tensor tensor) => tensor.numel() * tensor.ElementSize;

    /// <summary><paramref name="count"/> bytes of the tensor's data from byte <paramref name="offset"/> on, whatever the element type.</summary>
    /// <exception cref="ArgumentException">The tensor is not contiguous CPU memory.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves the tensor.</exception>
    public static Span<byte> Bytes(Tensor tensor, long offset, int count)
    {
        byte* data = BytePointer(tensor);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + count, ByteCount(tensor));
        return new Span<byte>(data + offset, count);
    }

    /// <summary>Address of the first byte, whatever the element type.</summary>
    /// <exception cref="ArgumentException">The tensor is not contiguous CPU memory.</exception>
    public static byte* BytePointer(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (!CanView(tensor))
        {
            throw new ArgumentException($"a contiguous CPU tensor is needed, not [{string.Join(", ", tensor.shape)}] on {tensor.device_type}", nameof(tensor));
        }

        return (byte*)Data(tensor.Handle);
    }

    // TorchSharp's own accessors refuse more than 2 GiB; this is the call beneath them.
    [LibraryImport("LibTorchSharp", EntryPoint = "THSTensor_data")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    private static partial nint Data(nint tensor);
}
