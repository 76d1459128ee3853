using System.Diagnostics;
using System.IO.Hashing;

using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Storage;

namespace MoeActors.Compute.Checkpoints.Files;

/// <summary>
/// Writes shard files: one pass over the memory that hashes and, where the storage cannot write from it, copies, then file and name are made durable. Thread-safe; each call
/// writes one file, hashed on the calling thread; in a folder it is written behind it, over the space of retired files first. Several files in a row: <see cref="ShardFileSequence"/>.
/// </summary>
/// <param name="storage">Where the run's checkpoints lie.</param>
public sealed class ShardFileWriter(ICheckpointStorage storage)
{
    /// <summary>Bytes hashed and copied at once: they stay in the processor's cache between the two.</summary>
    private const int Piece = 256 << 10;

    /// <summary>Writes to a checkpoints folder.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="files">File operations; null = the file system.</param>
    public ShardFileWriter(string root, IFileOperations? files = null)
        : this(new FolderStorage(root, files))
    {
    }

    /// <summary>
    /// Writes <paramref name="tensors"/> to <paramref name="file"/> (relative to the checkpoints folder, in a folder of
    /// <see cref="CheckpointStore.Begin"/>) and makes it durable. Throws <see cref="CheckpointException"/> on bad arguments and on what the
    /// storage refuses; a failed or cancelled write deletes the file.
    /// </summary>
    public ShardFileResult Write(string file, string runId, long step, IReadOnlyList<ShardTensor> tensors, CancellationToken cancellation = default)
    {
        using ShardFileEnd end = Start(file, runId, step, tensors, cancellation);
        return end.Finish();
    }

    /// <summary>As <see cref="Write"/>, up to where nothing is left but to wait for the storage: the tensors' memory stays until the end is finished or disposed of.</summary>
    internal ShardFileEnd Start(string file, string runId, long step, IReadOnlyList<ShardTensor> tensors, CancellationToken cancellation = default)
    {
        Check(file, step, tensors);
        int[] order = SafetensorsHeader.Order(tensors);
        byte[] header = SafetensorsHeader.Build(file, runId, step, [.. order.Select(i => tensors[i])]);
        long length = header.Length + tensors.Sum(t => t.Bytes);
        var entries = new CheckpointEntry[tensors.Count];
        long start = Stopwatch.GetTimestamp();
        IWritableFile? output = null;
        try
        {
            output = storage.Create(file, length);
            output.Append(header);
            long offset = header.Length;
            foreach (int i in order)
            {
                string checksum = HashAndWrite(tensors[i], output, cancellation);
                entries[i] = Entry(tensors[i], file, offset, step, checksum);
                offset += tensors[i].Bytes;
            }

            return new ShardFileEnd(storage, output, new CheckpointFile(file, length, header.Length, Checksums.Of(header)), entries, start);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            output?.Dispose();
            throw ShardFileEnd.Abandon(storage, file, length, e);
        }
    }

    private static unsafe string HashAndWrite(ShardTensor tensor, IWritableFile output, CancellationToken cancellation)
    {
        // Written while it is hashed, from where it lies; or copied, hashed piece by piece, and written behind that.
        bool borrowed = output.Borrow(tensor.Pointer, tensor.Bytes);
        var hash = new XxHash128();
        for (long done = 0; done < tensor.Bytes; done += Piece)
        {
            cancellation.ThrowIfCancellationRequested();
            var piece = new ReadOnlySpan<byte>((byte*)tensor.Pointer + done, (int)Math.Min(Piece, tensor.Bytes - done));
            hash.Append(piece);
            if (!borrowed)
            {
                output.Append(piece);
            }
        }

        return Checksums.Finish(hash);
    }

    private static CheckpointEntry Entry(ShardTensor t, string file, long offset, long step, string checksum) => new(
        t.Tensor, t.Slot, t.Layer, t.Expert, t.Shape, t.Dtype, t.Begin, t.Count, file, offset, t.Bytes, t.Version ?? step, checksum);

    private static void Check(string file, long step, IReadOnlyList<ShardTensor> tensors)
    {
        if (!CheckpointPaths.IsSafe(file))
        {
            throw new CheckpointException($"file \"{file}\": expected a plain path inside the checkpoints folder");
        }

        foreach (ShardTensor t in tensors)
        {
            string name = CheckpointEntry.NameOf(t.Tensor, t.Slot, t.Begin, t.Count, whole: false);
            if (t.Begin < 0 || t.Count < 1 || t.Begin > ElementTypes.Count(t.Shape) - t.Count)
            {
                throw new CheckpointException($"{file}: {name} lies outside shape [{string.Join(", ", t.Shape)}]");
            }

            if (t.Bytes != t.Count * ElementTypes.Size(t.Dtype) || t.Pointer == 0)
            {
                throw new CheckpointException($"{file}: {name} is {t.Bytes} bytes at {t.Pointer:x}, expected {t.Count} elements of {t.Dtype}");
            }

            if (t.Version > step)
            {
                throw new CheckpointException($"{file}: {name} is of step {t.Version}, newer than the checkpoint's step {step}");
            }
        }

        if (tensors.DistinctBy(t => (t.Tensor, t.Slot, t.Begin, t.Count)).Count() != tensors.Count)
        {
            throw new CheckpointException($"{file}: a piece is given twice");
        }
    }
}
