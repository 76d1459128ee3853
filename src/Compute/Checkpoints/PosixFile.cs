using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace MoeActors.Compute.Checkpoints;

/// <summary>
/// A new file written past the page cache where the file system allows it (O_DIRECT): a persist must not evict what training uses, and
/// fresh page-cache pages are the slowest part of writing a new file. Pieces are gathered in one aligned buffer; the tail that is no whole
/// block goes through the page cache.
/// </summary>
internal sealed unsafe class PosixFile : IWritableFile
{
    /// <summary>Block that O_DIRECT asks for, of memory, offset and length.</summary>
    private const int Block = 4096;

    /// <summary>Bytes of one write.</summary>
    private const int Piece = 4 << 20;

    /// <summary>Below this the page cache is as good.</summary>
    private const long SmallFile = 1 << 20;

    private readonly string path;
    private readonly int capacity;
    private SafeFileHandle file;
    private byte* buffer;
    private int filled;
    private long written;
    private bool direct;

    public PosixFile(string path, long length)
    {
        this.path = path;
        const int flags = Posix.WriteOnly | Posix.Create | Posix.Truncate;
        SafeFileHandle? handle = null;
        int error = 0;
        if (length >= SmallFile)
        {
            handle = Posix.Open(path, flags | Posix.Direct, out error);
            direct = handle is not null;
        }

        file = handle ?? Posix.Open(path, flags, out error) ?? throw Posix.Error(path, error);
        error = length > 0 ? Posix.Reserve(file, length) : 0;
        if (error is Posix.NoSpace or Posix.Quota)
        {
            file.Dispose();
            throw Posix.Error(path, error); // other errors: a file system that cannot reserve
        }

        capacity = (int)Math.Clamp((length + Block - 1) / Block * Block, Block, Piece);
        buffer = (byte*)NativeMemory.AlignedAlloc((nuint)capacity, Block);
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
                Drain(filled);
            }
        }
    }

    public void Sync()
    {
        ObjectDisposedException.ThrowIf(buffer == null, this);
        Drain(direct ? filled / Block * Block : filled);
        if (filled > 0)
        {
            // fsync of one descriptor makes all of the file durable, whichever descriptor wrote it: a direct write has left the page cache already.
            SafeFileHandle tail = Posix.Open(path, Posix.WriteOnly, out int error) ?? throw Posix.Error(path, error);
            file.Dispose();
            file = tail;
            direct = false;
            Drain(filled);
        }

        if (Posix.Sync(file) is not 0 and var failed)
        {
            throw Posix.Error(path, failed);
        }
    }

    public void Dispose()
    {
        file.Dispose();
        NativeMemory.AlignedFree(buffer);
        buffer = null;
    }

    /// <summary>Writes the first <paramref name="count"/> buffered bytes and moves the rest to the front.</summary>
    private void Drain(int count)
    {
        int done = 0;
        while (done < count)
        {
            long n = Posix.Write(file, buffer + done, count - done, written);
            if (n == -Posix.Invalid && direct)
            {
                // The file system opened with O_DIRECT but wants other blocks: go on through the page cache.
                SafeFileHandle plain = Posix.Open(path, Posix.WriteOnly, out int error) ?? throw Posix.Error(path, error);
                file.Dispose();
                file = plain;
                direct = false;
                continue;
            }

            if (n <= 0)
            {
                throw n == 0 ? new IOException($"{path}: the file system wrote nothing") : Posix.Error(path, (int)-n);
            }

            done += (int)n;
            written += n;
        }

        new ReadOnlySpan<byte>(buffer + count, filled - count).CopyTo(new Span<byte>(buffer, filled - count));
        filled -= count;
    }
}
