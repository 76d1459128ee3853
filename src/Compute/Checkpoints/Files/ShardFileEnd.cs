using System.Diagnostics;

using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Storage;

namespace MoeActors.Compute.Checkpoints.Files;

/// <summary>A shard file all of whose bytes are handed over, but not durable; the storage may still read them from the tensors' memory. Whoever has it calls <see cref="Finish"/> once; one thread at a time.</summary>
internal sealed class ShardFileEnd(ICheckpointStorage storage, IWritableFile output, CheckpointFile file, IReadOnlyList<CheckpointEntry> entries, long begun) : IDisposable
{
    private readonly double writeMs = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;

    /// <summary>Its entries, checksums included, in the order the tensors were given.</summary>
    public IReadOnlyList<CheckpointEntry> Entries => entries;

    /// <summary>Makes content and name durable. Throws <see cref="CheckpointException"/> on what the storage refuses, and deletes the file then.</summary>
    public ShardFileResult Finish()
    {
        try
        {
            long handed = Stopwatch.GetTimestamp();
            using (output)
            {
                output.Sync();
            }

            bool folderSynced = storage.SyncFolder(CheckpointPaths.FolderOf(file.File));
            return new ShardFileResult(file, entries, file.Bytes, writeMs, Stopwatch.GetElapsedTime(handed).TotalMilliseconds, folderSynced);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Abandon(storage, file.File, file.Bytes, e);
        }
    }

    /// <summary>Deletes a file that failed; returns what to throw for <paramref name="cause"/>.</summary>
    public static Exception Abandon(ICheckpointStorage storage, string file, long length, Exception cause)
    {
        try
        {
            storage.Delete(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The first error is the one to report; retention collects what is left.
        }

        return cause is OperationCanceledException ? cause : new CheckpointException($"{cause.Message}; {length} bytes were to be written: {storage.Remedy}", cause);
    }

    public void Dispose() => output.Dispose();
}
