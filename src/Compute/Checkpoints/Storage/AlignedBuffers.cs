using System.Collections.Concurrent;
using System.Runtime.InteropServices;

using MoeActors.Compute.Tensors;

namespace MoeActors.Compute.Checkpoints.Storage;

/// <summary>
/// Native buffers of one size for direct writes and reads. A few are kept between files: fresh memory is paid for in page faults, at about the speed of
/// the disk itself. They lie on huge pages: a request to the disk is a list of pieces of physical memory of limited length, and scattered small pages make
/// many small requests of a large one. Thread-safe.
/// </summary>
internal static unsafe class AlignedBuffers
{
    /// <summary>Alignment that O_DIRECT asks for, of memory, offset and length.</summary>
    public const int Block = 4096;

    /// <summary>Bytes of a buffer: one write. Smaller ones leave the disk idle between writes, larger ones leave the processor's cache.</summary>
    public const int Size = 4 << 20;

    /// <summary>Bytes there is room for: a read of <see cref="Size"/> bytes that begins within a block reaches into one block more.</summary>
    public const int Room = Size + Block;

    private const int Allocated = (Room + MemoryTuning.HugePage - 1) / MemoryTuning.HugePage * MemoryTuning.HugePage;

    /// <summary>Buffers kept: those of two files being written at once, or of as many ranges being read.</summary>
    private const int Kept = 2 * WriteBehind.Depth;

    private static readonly ConcurrentBag<nint> Idle = [];

    /// <summary>A buffer of <see cref="Room"/> bytes of any content; the caller gives it back.</summary>
    public static nint Rent() => Idle.TryTake(out nint buffer) ? buffer : New();

    /// <summary>Takes a buffer back.</summary>
    public static void Return(nint buffer)
    {
        if (Idle.Count < Kept)
        {
            Idle.Add(buffer);
        }
        else
        {
            NativeMemory.AlignedFree((void*)buffer);
        }
    }

    private static nint New()
    {
        nint buffer = (nint)NativeMemory.AlignedAlloc(Allocated, MemoryTuning.HugePage);
        MemoryTuning.AdviseHugePages(buffer, Allocated);
        return buffer;
    }
}
