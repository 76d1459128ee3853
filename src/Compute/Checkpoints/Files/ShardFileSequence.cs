using System.Runtime.ExceptionServices;

using MoeActors.Compute.Checkpoints.Format;

namespace MoeActors.Compute.Checkpoints.Files;

/// <summary>
/// Files of one checkpoint, one after the other: while the storage finishes one and makes it durable, the next is hashed and handed over, so that neither disk nor processor waits between
/// files. At most two are open. Nothing is durable before <see cref="Finish"/>; the first failure is thrown by the next call, and nothing is begun after it. One caller.
/// </summary>
/// <param name="writer">Writes the files.</param>
public sealed class ShardFileSequence(ShardFileWriter writer) : IDisposable
{
    private readonly List<ShardFileResult> durable = [];
    private Thread? behind;
    private volatile ExceptionDispatchInfo? failure;

    /// <summary>
    /// Begins a file as <see cref="ShardFileWriter.Write"/> does and returns its entries, checksums included. The tensors' memory stays until <paramref name="free"/> is called, once, from another
    /// thread or, when this throws, before it does.
    /// </summary>
    public IReadOnlyList<CheckpointEntry> Write(
        string file, string runId, long step, IReadOnlyList<ShardTensor> tensors, Action? free = null, CancellationToken cancellation = default)
    {
        ShardFileEnd? end = null;
        try
        {
            failure?.Throw();
            end = writer.Start(file, runId, step, tensors, cancellation);
            Join();
            failure?.Throw();
        }
        catch
        {
            // The checkpoint has failed; a file begun is an orphan that retention collects.
            end?.Dispose();
            free?.Invoke();
            throw;
        }

        behind = new Thread(() => FinishOne(end, free), maxStackSize: 256 << 10) { IsBackground = true, Name = "checkpoint sync" };
        behind.Start();
        return end.Entries;
    }

    /// <summary>Waits until all files are durable; what was written, in order.</summary>
    public IReadOnlyList<ShardFileResult> Finish()
    {
        Join();
        failure?.Throw();
        return durable;
    }

    /// <summary>Waits for the file under way.</summary>
    public void Dispose() => Join();

    private void Join()
    {
        behind?.Join();
        behind = null;
    }

    private void FinishOne(ShardFileEnd end, Action? free)
    {
        try
        {
            using (end)
            {
                durable.Add(end.Finish());
            }
        }
        catch (Exception e)
        {
            failure = ExceptionDispatchInfo.Capture(e);
        }

        free?.Invoke();
    }
}
