using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

using MoeActors.Compute.Files;

namespace MoeActors.Compute.Checkpoints.Storage;

/// <summary>
/// A file written past the page cache where the file system allows it (O_DIRECT): a persist must not evict what training uses, and
/// fresh page-cache pages are the slowest part of writing a new file. Bytes are gathered in aligned buffers that threads write behind
/// the caller, or written from where they lie, where memory and file are both at a page; a file of less than one buffer is written by the caller. The tail that is no whole block goes through the page cache.
/// </summary>
internal sealed unsafe class PosixFile : IWritableFile
{
    private const int Block = AlignedBuffers.Block;

    /// <summary>Below this the page cache is as good.</summary>
    private const long SmallFile = 1 << 20;

    private readonly string path;
    private readonly SafeFileHandle file;
    private readonly WriteBehind? behind;
    private readonly int capacity;
    private byte* buffer;
    private int filled;
    private long written; // or handed over to be
    private volatile bool direct;

    /// <summary>Creates a new file, in the place of a former one of the name, and reserves its space.</summary>
    public PosixFile(string path, long length)
        : this(path, length, OpenFor(path, length, Posix.CreateAnew, out bool direct), direct)
    {
    }

    /// <summary>Writes to an open file, which it owns from now on; <paramref name="path"/> is for messages.</summary>
    internal PosixFile(string path, long length, SafeFileHandle file, bool direct)
    {
        (this.path, this.file, this.direct) = (path, file, direct);
        int error = length > 0 ? Posix.Reserve(file, length) : 0;
        if (error is Posix.NoSpace or Posix.Quota)
        {
            file.Dispose();
            throw Posix.Error(path, error); // other errors: a file system that cannot reserve
        }

        capacity = (int)Math.Clamp((length + Block - 1) / Block * Block, Block, AlignedBuffers.Size);
        behind = length > AlignedBuffers.Size ? new WriteBehind((bytes, count, offset) => Write((byte*)bytes, count, offset)) : null;
        buffer = behind is null ? (byte*)NativeMemory.AlignedAlloc((nuint)capacity, Block) : (byte*)behind.Take();
    }

    /// <summary>
    /// Moves <paramref name="spare"/> to <paramref name="path"/>, to be overwritten from its beginning. Null where it has gone to another writer, or where a
    /// reader that opened it before it was retired still holds its lock (or the file system has no locks), or where it is no file of this user's alone: a link, a second name of
    /// another file, somebody else's. It is deleted then, the reader keeps what it opened.
    /// </summary>
    public static PosixFile? Reuse(string spare, string path, long length)
    {
        try
        {
            File.Move(spare, path, overwrite: true); // of two writers one finds it gone
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException && !File.Exists(spare))
        {
            return null;
        }

        SafeFileHandle file;
        bool direct;
        try
        {
            file = OpenFor(path, length, OpenPlain, out direct);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            File.Delete(path); // a link, a pipe nobody reads from, somebody else's
            return null;
        }

        if (FileStatus.Of(file, path) is not { IsRegular: true, IsOwn: true, Links: 1 }
            || Posix.SetMode(file, PrivateFiles.FileMode) != 0
            || Posix.Lock(file, Posix.LockExclusive | Posix.LockNonBlocking) != 0)
        {
            file.Dispose();
            File.Delete(path);
            return null;
        }

        if (Posix.SetLength(file, length) is not 0 and var error)
        {
            file.Dispose();
            throw Posix.Error(path, error);
        }

        return new PosixFile(path, length, file, direct);
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(buffer == null, this);
        while (bytes.Length > 0)
        {
            int n = Math.Min(bytes.Length, capacity - filled);
            bytes[..n].CopyTo(new Span<byte>(buffer + filled, n));
            filled += n;
            bytes = bytes[n..];
            if (filled == capacity)
            {
                HandOver();
            }
        }
    }

    public bool Borrow(nint bytes, long count)
    {
        ObjectDisposedException.ThrowIf(buffer == null, this);
        if (behind is null || !direct || bytes % Block != 0 || count % Block != 0 || filled % Block != 0)
        {
            return false;
        }

        if (filled > 0)
        {
            HandOver();
        }

        for (long done = 0; done < count;)
        {
            int n = (int)Math.Min(AlignedBuffers.Size, count - done);
            behind.Borrow(bytes + (nint)done, n, written);
            written += n;
            done += n;
        }

        return true;
    }

    public void Sync()
    {
        ObjectDisposedException.ThrowIf(buffer == null, this);
        behind?.Flush();
        int blocks = direct ? filled / Block * Block : filled;
        Write(buffer, blocks, written);
        if (blocks < filled)
        {
            PastDirect();
            Write(buffer + blocks, filled - blocks, written + blocks);
        }

        written += filled;
        filled = 0;
        if (Posix.Sync(file) is not 0 and var failed)
        {
            throw Posix.Error(path, failed);
        }
    }

    public void Dispose()
    {
        if (behind is null)
        {
            NativeMemory.AlignedFree(buffer);
        }
        else if (buffer != null)
        {
            behind.Return((nint)buffer);
            behind.Dispose(); // before the file: its threads may be in a write
        }

        buffer = null;
        file.Dispose();
    }

    private delegate SafeFileHandle? Opener(string path, int flags, out int error);

    private static SafeFileHandle OpenFor(string path, long length, Opener open, out bool direct)
    {
        SafeFileHandle? handle = length >= SmallFile ? open(path, Posix.WriteOnly | Posix.Direct, out _) : null;
        direct = handle is not null;
        return handle ?? open(path, Posix.WriteOnly, out int error) ?? throw Posix.Error(path, error);
    }

    private static SafeFileHandle? OpenPlain(string path, int flags, out int error) => Posix.Open(path, flags | Posix.NoFollow | Posix.NonBlocking, out error);

    private void HandOver()
    {
        if (behind is null)
        {
            Write(buffer, filled, written);
        }
        else
        {
            byte* full = buffer;
            buffer = (byte*)behind.Exchange((nint)full, filled, written);
        }

        written += filled;
        filled = 0;
    }

    // On the threads of WriteBehind or, while these are idle, on the caller's.
    private void Write(byte* bytes, int count, long offset)
    {
        for (int done = 0; done < count;)
        {
            long n = Posix.Write(file, bytes + done, count - done, offset + done);
            if (n == -Posix.Invalid && direct)
            {
                PastDirect(); // the file system opened with O_DIRECT but wants other blocks
                continue;
            }

            if (n <= 0)
            {
                throw n == 0 ? new IOException($"{path}: the file system wrote nothing") : Posix.Error(path, (int)-n);
            }

            done += (int)n;
        }
    }

    /// <summary>Goes on through the page cache.</summary>
    private void PastDirect()
    {
        if (direct && Posix.ClearDirect(file) is not 0 and var error)
        {
            throw Posix.Error(path, error);
        }

        direct = false;
    }
}
