using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace MoeActors.Compute.Checkpoints;

/// <summary>
/// Native buffers of one size for direct writes and reads. A few are kept between files: fresh memory is paid for in page faults, at about the speed of
/// the disk itself. Thread-safe.
/// </summary>
internal static unsafe class AlignedBuffers
{
    /// <summary>Alignment that O_DIRECT asks for, of memory, offset and length.</summary>
    public const int Block = 4096;

    /// <summary>Bytes of a buffer: one write. Smaller ones leave the disk idle between writes, larger ones leave the processor's cache.</summary>
    public const int Size = 4 << 20;

    /// <summary>Buffers kept: those of two files being written at once, or of as many ranges being read.</summary>
    private const int Kept = 2 * WriteBehind.Depth;

    private static readonly ConcurrentBag<nint> Idle = [];

    /// <summary>A buffer of <see cref="Size"/> bytes of any content; the caller gives it back.</summary>
    public static nint Rent() => Idle.TryTake(out nint buffer) ? buffer : (nint)NativeMemory.AlignedAlloc(Size, Block);

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
}
