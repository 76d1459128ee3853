using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace MoeActors.Bench.Cases;

/// <summary>The plain ways to make bytes durable and to read them, in pieces of 4 MiB by one thread: what the checkpoint code is compared with.</summary>
internal static unsafe partial class PlainFile
{
    private const int Piece = 4 << 20, WriteOnly = 1, Create = 0x40, Truncate = 0x200, CloseOnExec = 0x80000, DontNeed = 4;

    private static int Direct => RuntimeInformation.ProcessArchitecture is Architecture.Arm64 ? 0x10000 : 0x4000;

    /// <summary>Writes and syncs a file; <paramref name="fresh"/> = a new one, else over the space it has.</summary>
    public static void Write(string path, nint bytes, long count, bool direct, bool fresh)
    {
        using SafeFileHandle file = Open(path, WriteOnly | Create | (direct ? Direct : 0) | (fresh ? Truncate : 0));
        for (long done = 0; done < count; done += Piece)
        {
            RandomAccess.Write(file, new ReadOnlySpan<byte>((byte*)bytes + done, (int)Math.Min(Piece, count - done)), done);
        }

        RandomAccess.FlushToDisk(file);
    }

    /// <summary>Reads a file into memory; where direct, the whole blocks of it.</summary>
    public static void Read(string path, nint bytes, long count, bool direct)
    {
        using SafeFileHandle file = Open(path, direct ? Direct : 0);
        count = direct ? count / 4096 * 4096 : count;
        for (long done = 0; done < count;)
        {
            int n = RandomAccess.Read(file, new Span<byte>((byte*)bytes + done, (int)Math.Min(Piece, count - done)), done);
            done += n > 0 ? n : throw new BenchException($"{path}: ended after {done} bytes");
        }
    }

    /// <summary>Has the kernel forget its copy of a file.</summary>
    public static void Forget(string path)
    {
        using SafeFileHandle file = Open(path, 0);
        RandomAccess.FlushToDisk(file);
        _ = Advise((int)file.DangerousGetHandle(), 0, 0, DontNeed);
    }

    private static SafeFileHandle Open(string path, int flags)
    {
        int fd = Open(path, flags | CloseOnExec, 0x1A4 /* 0644 */);
        return fd >= 0 ? new SafeFileHandle(fd, ownsHandle: true) : throw new BenchException($"{path}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(int fd, long offset, long length, int advice);
}
