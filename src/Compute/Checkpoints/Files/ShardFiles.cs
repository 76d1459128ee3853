using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Hashing;

using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Storage;

namespace MoeActors.Compute.Checkpoints.Files;

/// <summary>
/// The shard files of one manifest, opened on first use after their length and header were checked. Reads entries piece by piece and
/// checks each against its checksum. Thread-safe. In a folder, a file deleted or retired while open stays as it is.
/// </summary>
internal sealed class ShardFiles(ICheckpointStorage storage, Manifest manifest) : IDisposable
{
    /// <summary>Bytes read and hashed at once: they stay in the processor's cache between the two.</summary>
    private const int Piece = 256 << 10;

    private readonly Dictionary<string, CheckpointFile> listed = manifest.Files.ToDictionary(f => f.File);
    private readonly ConcurrentDictionary<string, Lazy<IStoredFile>> open = new();

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
        IStoredFile file = Handle(entry.File);
        var hash = new XxHash128();
        try
        {
            using IRangeReader range = file.Range(entry.Offset, entry.Bytes);
            for (long done = 0; done < entry.Bytes;)
            {
                var span = new Span<byte>((byte*)destination + done, (int)Math.Min(Piece, entry.Bytes - done));
                Fill(range, entry, span, done);
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
        using IRangeReader range = Handle(entry.File).Range(entry.Offset, entry.Bytes);
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(Piece, entry.Bytes));
        try
        {
            var hash = new XxHash128();
            for (long done = 0; done < entry.Bytes;)
            {
                cancellation.ThrowIfCancellationRequested();
                Span<byte> span = buffer.AsSpan(0, (int)Math.Min(Math.Min(buffer.Length, Piece), entry.Bytes - done));
                Fill(range, entry, span, done);
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
        foreach (Lazy<IStoredFile> handle in open.Values)
        {
            if (handle.IsValueCreated)
            {
                handle.Value.Dispose();
            }
        }
    }

    private static void Fill(IRangeReader range, CheckpointEntry entry, Span<byte> span, long done)
    {
        while (span.Length > 0)
        {
            int n = range.Read(span);
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

    private IStoredFile Handle(string name) => open.GetOrAdd(name, n => new Lazy<IStoredFile>(() => Open(listed[n]))).Value;

    private IStoredFile Open(CheckpointFile file)
    {
        IStoredFile? opened;
        try
        {
            opened = storage.Open(file.File);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ShardProblemException(file.File, null, $"a readable file of {file.Bytes} bytes", e.Message, "unreadable");
        }

        if (opened is null)
        {
            throw new ShardProblemException(file.File, null, $"a file of {file.Bytes} bytes", "no file", "missing");
        }

        try
        {
            if (opened.Bytes is var length && length != file.Bytes)
            {
                throw new ShardProblemException(file.File, null, $"{file.Bytes} bytes", $"{length}", length < file.Bytes ? "truncated" : "of another length");
            }

            string found = HeaderChecksum(opened, file.HeaderBytes);
            return found == file.HeaderChecksum
                ? opened
                : throw new ShardProblemException(file.File, null, $"header checksum {file.HeaderChecksum}", found, "its header is altered");
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    private static string HeaderChecksum(IStoredFile file, long bytes)
    {
        byte[] header = new byte[bytes];
        int filled = 0;
        using IRangeReader range = file.Range(0, bytes);
        for (int n; filled < header.Length && (n = range.Read(header.AsSpan(filled))) > 0;)
        {
            filled += n;
        }

        return Checksums.Of(header.AsSpan(0, filled));
    }
}
