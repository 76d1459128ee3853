using Microsoft.Win32.SafeHandles;

using MoeActors.Compute.Files;

namespace MoeActors.Compute.Checkpoints.Storage;

/// <summary>
/// A file of a folder, open for reading. Ranges that are worth it and not in the page cache are read past it (O_DIRECT), in large pieces: that is faster, and what a restore reads once need not evict
/// anything. Thread-safe.
/// </summary>
/// <param name="handle">The open file, owned; its lock keeps its space from being written anew.</param>
internal sealed class FolderFile(SafeFileHandle handle) : IStoredFile
{
    /// <summary>Below this the page cache is as good.</summary>
    private const long SmallRange = 1 << 20;

    // By its number, not its name: a file may be retired, and its name be another's, while it is open.
    private readonly Lazy<SafeFileHandle?> direct = new(() => Posix.Open($"/proc/self/fd/{handle.DangerousGetHandle()}", Posix.Direct, out _));

    public long Bytes => RandomAccess.GetLength(handle);

    public IRangeReader Range(long offset, long count) =>
        count >= SmallRange && !Posix.IsCached(handle, offset) && direct.Value is { } past ? new DirectRange(past, handle, offset, count) : new CachedRange(handle, offset, count);

    public void Dispose()
    {
        if (direct.IsValueCreated)
        {
            direct.Value?.Dispose();
        }

        handle.Dispose();
    }

    private sealed class CachedRange(SafeFileHandle handle, long offset, long count) : IRangeReader
    {
        private long done;

        public int Read(Span<byte> into)
        {
            int n = RandomAccess.Read(handle, into[..(int)Math.Min(into.Length, count - done)], offset + done);
            done += n;
            return n;
        }

        public void Dispose()
        {
            // The handle is the file's.
        }
    }

    private sealed unsafe class DirectRange(SafeFileHandle direct, SafeFileHandle cached, long offset, long count) : IRangeReader
    {
        private nint buffer = AlignedBuffers.Rent();
        private long done, begin;
        private int filled;

        public int Read(Span<byte> into)
        {
            long at = offset + done;
            if (done < count && (at < begin || at >= begin + filled))
            {
                Fill(at);
            }

            int n = (int)Math.Min(Math.Min(into.Length, count - done), Math.Max(0, begin + filled - at));
            new ReadOnlySpan<byte>((byte*)buffer + (at - begin), n).CopyTo(into);
            done += n;
            return n;
        }

        public void Dispose()
        {
            if (buffer != 0)
            {
                AlignedBuffers.Return(buffer);
                buffer = 0;
            }
        }

        // Whole blocks from the one that holds the next byte.
        private void Fill(long at)
        {
            begin = at / AlignedBuffers.Block * AlignedBuffers.Block;
            long end = (offset + count + AlignedBuffers.Block - 1) / AlignedBuffers.Block * AlignedBuffers.Block;
            var span = new Span<byte>((void*)buffer, (int)Math.Min(AlignedBuffers.Room, end - begin));
            try
            {
                filled = RandomAccess.Read(direct, span, begin);
            }
            catch (IOException)
            {
                // A file system that wants other blocks; a broken disk says so here too.
                filled = RandomAccess.Read(cached, span, begin);
            }
        }
    }
}
