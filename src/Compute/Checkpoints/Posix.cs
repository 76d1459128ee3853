using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace MoeActors.Compute.Checkpoints;

/// <summary>The few POSIX calls .NET has no wrapper for: O_DIRECT, what the page cache holds, reserving space, syncing a folder, locks between processes.</summary>
internal static unsafe partial class Posix
{
    public const int WriteOnly = 1, ReadWrite = 2, Create = 0x40, Truncate = 0x200, CloseOnExec = 0x80000;
    public const int LockShared = 1, LockExclusive = 2, LockNonBlocking = 4;
    public const int NoEntry = 2, WouldBlock = 11, Access = 13, Invalid = 22, NoSpace = 28, BadFile = 9, NotSupported = 95, NoSystemCall = 38, Quota = 122;

    /// <summary>O_DIRECT; its value differs between processors.</summary>
    public static int Direct => RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x10000 : 0x4000;

    /// <summary>Opens <paramref name="path"/>; null with the error number when it fails.</summary>
    public static SafeFileHandle? Open(string path, int flags, out int error)
    {
        int fd;
        do
        {
            fd = open(path, flags | CloseOnExec, 0x1A4 /* 0644 */);
            error = fd < 0 ? Marshal.GetLastPInvokeError() : 0;
        }
        while (fd < 0 && error == 4 /* EINTR */);
        return fd < 0 ? null : new SafeFileHandle(fd, ownsHandle: true);
    }

    /// <summary>fsync; 0 or the error number.</summary>
    public static int Sync(SafeFileHandle file) => Call(file, fd => fsync(fd));

    /// <summary>fallocate; 0 or the error number.</summary>
    public static int Reserve(SafeFileHandle file, long length) => Call(file, fd => fallocate(fd, 0, 0, length));

    /// <summary>ftruncate; 0 or the error number.</summary>
    public static int SetLength(SafeFileHandle file, long length) => Call(file, fd => ftruncate(fd, length));

    /// <summary>Ends O_DIRECT on an open file (fcntl F_SETFL; the other flags it could change are not used); 0 or the error number.</summary>
    public static int ClearDirect(SafeFileHandle file) => Call(file, fd => fcntl(fd, 4 /* F_SETFL */, 0));

    /// <summary>flock; 0 or the error number.</summary>
    public static int Lock(SafeFileHandle file, int operation) => Call(file, fd => flock(fd, operation));

    /// <summary>pwrite of one piece; the bytes written, or minus the error number.</summary>
    public static long Write(SafeFileHandle file, byte* bytes, long count, long offset)
    {
        while (true)
        {
            nint written = pwrite((int)file.DangerousGetHandle(), bytes, (nint)count, offset);
            int error = written < 0 ? Marshal.GetLastPInvokeError() : 0;
            if (error != 4 /* EINTR */)
            {
                return written < 0 ? -error : written;
            }
        }
    }

    /// <summary>Whether the byte at <paramref name="offset"/> can be read without the disk; true also where the system cannot tell.</summary>
    public static bool IsCached(SafeFileHandle file, long offset)
    {
        try
        {
            return Call(file, fd =>
            {
                byte one;
                var vector = new IoVector((nint)(&one), 1);
                return (int)preadv2(fd, &vector, 1, offset, 8 /* RWF_NOWAIT */);
            }) != WouldBlock;
        }
        catch (EntryPointNotFoundException)
        {
            return true;
        }
    }

    /// <summary>An error number as the exception .NET would throw, with the path and the system's words.</summary>
    public static Exception Error(string path, int error) => error switch
    {
        Access or 1 => new UnauthorizedAccessException($"{path}: permission denied"),
        NoSpace or Quota => new IOException($"{path}: no space left on the disk"),
        _ => new IOException($"{path}: {Marshal.GetPInvokeErrorMessage(error)}"),
    };

    private static int Call(SafeFileHandle file, Func<int, int> call)
    {
        bool held = false;
        try
        {
            file.DangerousAddRef(ref held);
            while (true)
            {
                if (call((int)file.DangerousGetHandle()) >= 0)
                {
                    return 0;
                }

                int error = Marshal.GetLastPInvokeError();
                if (error != 4 /* EINTR */)
                {
                    return error;
                }
            }
        }
        finally
        {
            if (held)
            {
                file.DangerousRelease();
            }
        }
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(int fd);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint preadv2(int fd, IoVector* vectors, int count, long offset, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fallocate(int fd, int mode, long offset, long length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int flock(int fd, int operation);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ftruncate(int fd, long length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(int fd, int command, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint pwrite(int fd, byte* bytes, nint count, long offset);

    private readonly record struct IoVector(nint Base, nint Length);
}
