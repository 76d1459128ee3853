using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Hashing;
using Microsoft.Win32.SafeHandles;

namespace MoeActors.Compute.Checkpoints;

/// <summary>
/// The shard files of one manifest, opened on first use after their length and header were checked. Reads entries piece by piece and
/// checks each against its checksum. Thread-safe. A file deleted or retired while open stays
/// as it is: its lock keeps writers from taking its space.
/// </summary>
internal sealed class ShardFiles(string root, Manifest manifest) : IDisposable
{
    /// <summary>Bytes read and hashed at once: they stay in the processor's cache between the two.</summary>
    private const int Piece = 256 << 10;

    private readonly Dictionary<string, CheckpointFile> listed = manifest.Files.ToDictionary(f => f.File);
    private readonly ConcurrentDictionary<string, Lazy<SafeFileHandle>> open = new();

    /// <summary>Takes a piece of an entry: its bytes and where in the entry they begin.</summary>
    public delegate void Sink(ReadOnlySpan<byte> bytes, long offset);

    /// <summary>What is wrong with a file as a whole, or null.</summary>
    public CheckpointProblem? Check(CheckpointFile file)
    {
        try
        {
            Handle(file.File);
            return null;
        }
        catch (ShardProblemException e)
        {
            return e.Problem;
        }
    }

    /// <summary>
    /// Reads an entry straight to memory. Throws <see cref="ShardProblemException"/> on any difference; the memory is then cleared, so that nothing
    /// unverified is left in it.
    /// </summary>
    public unsafe void Read(CheckpointEntry entry, nint destination)
    {
        SafeFileHandle file = Handle(entry.File);
        var hash = new XxHash128();
        try
        {
            for (long done = 0; done < entry.Bytes;)
            {
                var span = new Span<byte>((byte*)destination + done, (int)Math.Min(Piece, entry.Bytes - done));
                Fill(file, entry, span, done);
                hash.Append(span);
                done += span.Length;
            }

            Compare(entry, Checksums.Finish(hash));
        }
        catch
        {
            for (long done = 0; done < entry.Bytes; done += Piece)
            {
                new Span<byte>((byte*)destination + done, (int)Math.Min(Piece, entry.Bytes - done)).Clear();
            }

            throw;
        }
    }

    /// <summary>
    /// Passes an entry's bytes to <paramref name="sink"/> in order. They are verified only when this returns: a sink must not hand them on
    /// before. Throws <see cref="ShardProblemException"/> on any difference.
    /// </summary>
    public void Stream(CheckpointEntry entry, Sink sink, CancellationToken cancellation = default)
    {
        SafeFileHandle file = Handle(entry.File);
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(Piece, entry.Bytes));
        try
        {
            var hash = new XxHash128();
            for (long done = 0; done < entry.Bytes;)
            {
                cancellation.ThrowIfCancellationRequested();
                Span<byte> span = buffer.AsSpan(0, (int)Math.Min(Math.Min(buffer.Length, Piece), entry.Bytes - done));
                Fill(file, entry, span, done);
                hash.Append(span);
                sink(span, done);
                done += span.Length;
            }

            Compare(entry, Checksums.Finish(hash));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public void Dispose()
    {
        foreach (Lazy<SafeFileHandle> handle in open.Values)
        {
            if (handle.IsValueCreated)
            {
                handle.Value.Dispose();
            }
        }
    }

    private static void Fill(SafeFileHandle file, CheckpointEntry entry, Span<byte> span, long done)
    {
        while (span.Length > 0)
        {
            int n = RandomAccess.Read(file, span, entry.Offset + done);
            if (n <= 0)
            {
                throw new ShardProblemException(entry.File, entry.Name, $"{entry.Bytes} bytes", $"{done}", "truncated while it was read");
            }

            span = span[n..];
            done += n;
        }
    }

    private static void Compare(CheckpointEntry entry, string found)
    {
        if (found != entry.Checksum)
        {
            throw new ShardProblemException(entry.File, entry.Name, $"checksum {entry.Checksum}", $"{found}", "altered");
        }
    }

    private SafeFileHandle Handle(string name) => open.GetOrAdd(name, n => new Lazy<SafeFileHandle>(() => Open(listed[n]))).Value;

    private SafeFileHandle Open(CheckpointFile file)
    {
        string path = Path.Combine(root, file.File);
        if (!File.Exists(path))
        {
            throw new ShardProblemException(file.File, null, $"a file of {file.Bytes} bytes", "no file", "missing");
        }

        SafeFileHandle handle;
        try
        {
            handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ShardProblemException(file.File, null, $"a readable file of {file.Bytes} bytes", e.Message, "unreadable");
        }

        // Other errors: a file system without locks, where no space is reused.
        if (Posix.Lock(handle, Posix.LockShared | Posix.LockNonBlocking) == Posix.WouldBlock)
        {
            handle.Dispose();
            throw new ShardProblemException(file.File, null, $"a file of {file.Bytes} bytes", "its space being written anew", "retired");
        }

        try
        {
            long length = RandomAccess.GetLength(handle);
            if (length != file.Bytes)
            {
                throw new ShardProblemException(file.File, null, $"{file.Bytes} bytes", $"{length}", length < file.Bytes ? "truncated" : "of another length");
            }

            byte[] header = new byte[file.HeaderBytes];
            int n = RandomAccess.Read(handle, header, 0);
            string found = Checksums.Of(header.AsSpan(0, n));
            return found == file.HeaderChecksum
                ? handle
                : throw new ShardProblemException(file.File, null, $"header checksum {file.HeaderChecksum}", found, "its header is altered");
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }
}
