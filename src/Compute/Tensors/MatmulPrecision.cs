using System.Runtime.InteropServices;
using MoeActors.Compute.Specs;
using TorchSharp;

namespace MoeActors.Compute.Tensors;

/// <summary>
/// Chooses how libtorch multiplies fp32 matrices on the CPU, for the whole process. TorchSharp has no wrapper for
/// at::Context::setFloat32MatmulPrecision; its symbol is looked up, never assumed, so another libtorch build is at worst slower.
/// Set once at start, before compute threads run: part of the run's record (DT-1).
/// </summary>
public static unsafe class MatmulPrecision
{
    private const string ContextSymbol = "_ZN2at13globalContextEv";
    private const string SetSymbol = "_ZN2at7Context25setFloat32MatmulPrecisionERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE";
    private const string GetSymbol = "_ZNK2at7Context22float32MatmulPrecisionEv";

    private static readonly Lock Gate = new();

    /// <summary>Applies <paramref name="mode"/>. Returns whether it is in force: false where this libtorch lacks the switch and ran as shipped.</summary>
    public static bool Set(MatmulMode mode)
    {
        lock (Gate)
        {
            if (!TryContext(out nint library, out nint context) || !NativeLibrary.TryGetExport(library, SetSymbol, out nint set))
            {
                return mode == MatmulMode.Highest;
            }

            ReadOnlySpan<byte> name = mode == MatmulMode.Medium ? "medium"u8 : "highest"u8;
            SmallString text = default; // libstdc++'s std::string with its characters inside: pointer, length, 16 bytes
            text.Data = &text.Characters[0];
            text.Length = (nuint)name.Length;
            name.CopyTo(new Span<byte>(text.Characters, 15));
            ((delegate* unmanaged<nint, SmallString*, void>)set)(context, &text);
            return Current() == mode;
        }
    }

    /// <summary>The mode in force; null where this libtorch cannot tell.</summary>
    public static MatmulMode? Current()
    {
        if (!TryContext(out nint library, out nint context) || !NativeLibrary.TryGetExport(library, GetSymbol, out nint get))
        {
            return null;
        }

        // at::Float32MatmulPrecision: 0 highest, 1 high, 2 medium
        return ((delegate* unmanaged<nint, int>)get)(context) == 2 ? MatmulMode.Medium : MatmulMode.Highest;
    }

    /// <summary>Whether products of this type on this device go to oneDNN, which compiles a kernel per shape: bf16 always, fp32 in medium mode.</summary>
    public static bool UsesOneDnn(torch.ScalarType type, torch.Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return device.type == DeviceType.CPU && (type == torch.ScalarType.BFloat16 || (type == torch.ScalarType.Float32 && Current() == MatmulMode.Medium));
    }

    private static bool TryContext(out nint library, out nint context)
    {
        context = 0;
        torch.InitializeDeviceType(DeviceType.CPU); // loads the library in TorchSharp's own way
        if (!NativeLibrary.TryLoad("libtorch_cpu", typeof(MatmulPrecision).Assembly, null, out library)
            || !NativeLibrary.TryGetExport(library, ContextSymbol, out nint global))
        {
            return false;
        }

        context = ((delegate* unmanaged<nint>)global)();
        return true;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct SmallString
    {
        public byte* Data;
        public nuint Length;
        public fixed byte Characters[16];
    }
}
