using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace MoeActors.Compute.Files;

/// <summary>The few POSIX calls .NET has no wrapper for: O_DIRECT, links not followed, what the page cache holds, reserving space, syncing a folder, locks between processes.</summary>
internal static unsafe partial class Posix
{
    public const int ReadOnly = 0, WriteOnly = 1, ReadWrite = 2, Create = 0x40, Exclusive = 0x80, AtEnd = 0x400, NonBlocking = 0x800, CloseOnExec = 0x80000, PathOnly = 0x200000;
    public const int LockShared = 1, LockExclusive = 2, LockNonBlocking = 4;
    public const int NoEntry = 2, BadFile = 9, WouldBlock = 11, Access = 13, Exists = 17, NotFolder = 20, Invalid = 22, NoSpace = 28, NoSystemCall = 38, NotEmpty = 39, Loop = 40, NotSupported = 95, Quota = 122;

    /// <summary>Times a name is cleared that somebody takes again at the same moment.</summary>
    private const int Attempts = 8;

    /// <summary>O_DIRECT; its value differs between processors.</summary>
    public static int Direct => IsArm ? 0x10000 : 0x4000;

    /// <summary>O_NOFOLLOW: a link is not opened, but refused with <see cref="Loop"/>.</summary>
    public static int NoFollow => IsArm ? 0x8000 : 0x20000;

    /// <summary>O_DIRECTORY.</summary>
    public static int FolderOnly => IsArm ? 0x4000 : 0x10000;

    private static bool IsArm => RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm;

    /// <summary>Opens <paramref name="path"/>, a new file for this user alone; null with the error number when it fails.</summary>
    public static SafeFileHandle? Open(string path, int flags, out int error)
    {
        int fd;
        do
        {
            fd = open(path, flags | CloseOnExec, 0x180 /* 0600 */);
            error = fd < 0 ? Marshal.GetLastPInvokeError() : 0;
        }
        while (fd < 0 && error == 4 /* EINTR */);
        return fd < 0 ? null : new SafeFileHandle(fd, ownsHandle: true);
    }

    /// <summary>Creates a new file in the place of a file or a link that has the name; null with the error number when it fails, as where a folder or a device has it.</summary>
    public static SafeFileHandle? CreateAnew(string path, int flags, out int error)
    {
        for (int attempt = 1; ; attempt++)
        {
            SafeFileHandle? file = Open(path, flags | Create | Exclusive | NoFollow, out error);
            if (file is not null || error != Exists || attempt == Attempts || Status(path, out _) is { IsReplaceable: false })
            {
                return file;
            }

            if (Unlink(path, folder: false) is not (0 or NoEntry) and var refused)
            {
                error = refused;
                return null;
            }
        }
    }

    /// <summary>
    /// Deletes a file or an empty folder by its name in the folder that holds it, where that folder is no link: what is deleted lies where the path says, whoever swaps folders
    /// for links meanwhile. 0 or the error number.
    /// </summary>
    public static int Unlink(string path, bool folder)
    {
        using SafeFileHandle? parent = Open(Path.GetDirectoryName(Path.GetFullPath(path))!, PathOnly | FolderOnly | NoFollow, out int error);
        return parent is null ? error : Call(parent, fd => unlinkat(fd, Path.GetFileName(path), folder ? 0x200 /* AT_REMOVEDIR */ : 0));
    }

    /// <summary>Makes the names in a folder durable. False on a file system that does not sync folders.</summary>
    public static bool SyncFolder(string path)
    {
        using SafeFileHandle folder = Open(path, ReadOnly, out int error) ?? throw Error(path, error);
        error = Sync(folder);
        return error switch
        {
            0 => true,
            Invalid or NotSupported or NoSystemCall or BadFile => false,
            _ => throw Error(path, error),
        };
    }

    /// <summary>What a name is, itself; null with the error number when it cannot be told.</summary>
    public static FileStatus? Status(string path, out int error)
    {
        StatusBuffer found;
        error = statx(-100 /* AT_FDCWD */, path, 0x100 /* AT_SYMLINK_NOFOLLOW */, 0x7FF /* STATX_BASIC_STATS */, &found) < 0 ? Marshal.GetLastPInvokeError() : 0;
        return error == 0 ? new FileStatus(found.Owner, found.Mode, found.Links) : null;
    }

    /// <summary>What an open file is; null with the error number when it cannot be told.</summary>
    public static FileStatus? Status(SafeFileHandle file, out int error)
    {
        StatusBuffer found;
        StatusBuffer* into = &found;
        error = Call(file, fd => statx(fd, "", 0x1000 /* AT_EMPTY_PATH */, 0x7FF, into));
        return error == 0 ? new FileStatus(found.Owner, found.Mode, found.Links) : null;
    }

    /// <summary>fchmod; 0 or the error number.</summary>
    public static int SetMode(SafeFileHandle file, UnixFileMode mode) => Call(file, fd => fchmod(fd, (uint)mode));

    /// <summary>umask.</summary>
    public static void SetMask(int mask) => _ = umask((uint)mask);

    /// <summary>geteuid: the user this process acts as.</summary>
    public static uint User() => geteuid();

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
        Exists => new IOException($"{path}: is there, and no file that can be replaced"),
        NoEntry => new FileNotFoundException($"{path}: not found"),
        NotFolder => new DirectoryNotFoundException($"{path}: not found, or a part of it is no folder"),
        Loop => new IOException($"{path}: is a link, and no link is followed here"),
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

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int unlinkat(int folder, string name, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int folder, string path, int flags, uint mask, StatusBuffer* status);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fchmod(int fd, uint mode);

    [LibraryImport("libc")]
    private static partial uint umask(uint mask);

    [LibraryImport("libc")]
    private static partial uint geteuid();

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

    /// <summary>struct statx, which is the same on every processor; the fields used.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct StatusBuffer
    {
        [FieldOffset(16)]
        public uint Links;

        [FieldOffset(20)]
        public uint Owner;

        [FieldOffset(28)]
        public ushort Mode;
    }
}
