using MoeActors.Actors.Checkpointing;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;

namespace MoeActors.Actors.Faults.Agent;

/// <summary>Finds a file of the newest published checkpoint in a run folder.</summary>
internal static class NewestCheckpointFile
{
    /// <summary>Full path of the largest file that the newest manifest refers to; throws <see cref="FaultRefusedException"/> when there is none in the run folder.</summary>
    public static string LargestOf(string runFolder)
    {
        string folder = CheckpointPaths.InRun(runFolder);
        try
        {
            var store = new CheckpointStore(folder);
            Manifest newest = store.List().Valid is [var first, ..] ? first : throw new FaultRefusedException($"no checkpoint is published in {folder} yet");
            CheckpointFile file = newest.Files.MaxBy(f => f.Bytes)!;
            return Path.Combine(folder, file.File);
        }
        catch (CheckpointException e)
        {
            throw new FaultRefusedException(e.Message);
        }
    }
}

/// <summary>Verifies the newest checkpoint from storage, on a thread of its own, until it is found damaged.</summary>
internal sealed class StorageWatcher : FaultWatcher
{
    private readonly CancellationTokenSource stop = new();
    private volatile string? damage;

    public StorageWatcher(Protocol.FaultOrder order, AgentServices services)
    {
        string folder = CheckpointPaths.InRun(order.RunFolder), node = services.Identity.Name;
        new Thread(() => Verify(folder, node)) { IsBackground = true, Name = "verify-checkpoint" }.Start();
    }

    public override (bool, string) Look() => (damage is not null, damage ?? "the checkpoints in storage are sound");

    public override void Dispose()
    {
        stop.Cancel();
        base.Dispose();
    }

    private void Verify(string folder, string node)
    {
        var store = new CheckpointStore(folder);
        while (!stop.IsCancellationRequested && damage is null)
        {
            try
            {
                foreach (Manifest listed in store.List().Valid)
                {
                    // Retention deletes manifests first: one that is still there has not lost its files to it.
                    if (store.Verify(listed.Step, stop.Token) is [var problem, ..] && store.List().Valid.Any(m => m.Step == listed.Step))
                    {
                        damage = $"the checkpoint of step {listed.Step} is damaged: {problem.File}: {problem.Message}";
                        return;
                    }
                }
            }
            catch (Exception e) when (e is CheckpointException or OperationCanceledException or IOException)
            {
                // It was deleted while it was read, or nobody asks any more.
            }

            stop.Token.WaitHandle.WaitOne(100);
        }
    }
}
