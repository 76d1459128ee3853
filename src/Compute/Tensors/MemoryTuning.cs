using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tensors;

/// <summary>
/// glibc gives freed memory back to the kernel early, so that temporaries of some MiB are paid for in page faults (2–3 GB/s) again and again. These
/// switches keep what is freed; only blocks of 32 MiB and more, which are lasting buffers, are mapped and unmapped one by one, so that they cannot be
/// fragmented by small ones.
/// </summary>
public static unsafe partial class MemoryTuning
{
    private const int TrimThreshold = -1, TopPad = -2, MmapThreshold = -3, ArenaMax = -8;
    private const int HugePages = 14; // MADV_HUGEPAGE

    /// <summary>Bytes of a huge page, and the alignment of one.</summary>
    public const int HugePage = 2 << 20;

    /// <summary>
    /// Keeps freed memory in the process, in one heap shared by all threads. Call at start, before the first tensor.
    /// Returns false on a C library without these switches; nothing is changed there.
    /// </summary>
    public static bool KeepFreedMemory()
    {
        try
        {
            return Mallopt(ArenaMax, 1) == 1
                & Mallopt(MmapThreshold, 32 << 20) == 1 // the largest glibc takes
                & Mallopt(TrimThreshold, int.MaxValue) == 1
                & Mallopt(TopPad, 64 << 20) == 1;
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
    }

    /// <summary>
    /// Asks the kernel for huge pages under a lasting CPU buffer (weights, gradients, optimizer state), ideally before its first use:
    /// first touch is then about 7 times as fast and large passes miss the TLB less. A hint: false where it has no effect.
    /// </summary>
    public static bool AdviseHugePages(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (!TensorMemory.CanView(tensor) || TensorMemory.ByteCount(tensor) < 2 * HugePage)
        {
            return false;
        }

        return AdviseHugePages((nint)TensorMemory.BytePointer(tensor), TensorMemory.ByteCount(tensor));
    }

    /// <summary>The same for the whole huge pages within <paramref name="bytes"/> bytes of native memory.</summary>
    public static bool AdviseHugePages(nint address, long bytes)
    {
        long begin = ((long)address + HugePage - 1) / HugePage * HugePage;
        long end = ((long)address + bytes) / HugePage * HugePage;
        return end > begin && Madvise((nint)begin, (nuint)(end - begin), HugePages) == 0;
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Mallopt(int parameter, int value);

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Madvise(nint address, nuint length, int advice);
}
