using System.Runtime.InteropServices;
using TorchSharp;

namespace MoeActors.Compute.Tensors;

/// <summary>Tensors cannot be used on this system; the message says why and what to do, ready for the user.</summary>
public sealed class LibTorchException : Exception
{
    /// <summary>Creates the exception from one ready sentence.</summary>
    public LibTorchException(string message, Exception? cause = null)
        : base(message, cause)
    {
    }
}

/// <summary>
/// Loads libtorch and turns what may go wrong into one clear sentence. TorchSharp's native part needs a C++ runtime of GCC 13 or newer;
/// on an older system it fails with a message about missing packages, which misleads.
/// </summary>
public static class LibTorchCheck
{
    // The one symbol that GCC 13's runtime added under the version TorchSharp asks for, GLIBCXX_3.4.32.
    private const string Gcc13Symbol = "_ZSt21ios_base_library_initv";

    /// <summary>Throws unless tensors work in this process. Takes 0.2–0.4 s the first time (loads libtorch).</summary>
    /// <exception cref="LibTorchException">They do not; says why and the remedy.</exception>
    public static void Verify()
    {
        if (OperatingSystem.IsLinux() && !RuntimeIsNewEnough(out string found))
        {
            throw new LibTorchException(
                $"The C++ runtime of this system is too old for libtorch ({found}; libstdc++ with GLIBCXX_3.4.32 is needed, as in Ubuntu 24.04, Debian 13 or newer): run ./moe setup, which installs it.");
        }

        try
        {
            torch.InitializeDeviceType(DeviceType.CPU);
            using torch.Tensor probe = torch.zeros(1);
        }
        catch (Exception e) when (e is NotSupportedException or TypeInitializationException or DllNotFoundException or BadImageFormatException)
        {
            throw new LibTorchException($"libtorch cannot be loaded ({(e.InnerException ?? e).Message.Split('\n')[0].TrimEnd()}): run ./moe setup and build again.", e);
        }
    }

    private static bool RuntimeIsNewEnough(out string found)
    {
        if (!NativeLibrary.TryLoad("libstdc++.so.6", out nint library))
        {
            found = "libstdc++.so.6 is missing";
            return false;
        }

        found = "libstdc++.so.6 is older";
        return NativeLibrary.TryGetExport(library, Gcc13Symbol, out _);
    }
}
