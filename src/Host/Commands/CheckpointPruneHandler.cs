using System.Text.Json;
using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Retention;
using MoeActors.Compute.Specs;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Commands;

/// <summary>
/// moe checkpoint prune. Nothing goes before the checkpoints that stay were read and found sound (CK-2); a run that is being trained is left alone:
/// its coordinator knows what is in writing.
/// </summary>
internal sealed class CheckpointPruneHandler(TextWriter output) : IHandler<CheckpointPruneRequest>
{
    /// <inheritdoc/>
    public async Task<int> RunAsync(CheckpointPruneRequest request, CancellationToken cancel)
    {
        CheckpointSpec recorded = RunFolder.Record(request.Run.Directory)?.Checkpoint ?? new CheckpointSpec();
        var policy = new RetentionPolicy(request.Keep ?? recorded.Keep, recorded.KeepEvery);
        using RunFolderLock? held = request.DryRun ? null : RunFolderLock.Take(request.Run.Directory);
        return await Task.Factory.StartNew(
            () => RunFolder.WithStore(request.Run, !request.DryRun, store => Run(request, policy, store, cancel)), cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    private int Run(CheckpointPruneRequest request, RetentionPolicy policy, CheckpointStore store, CancellationToken cancel)
    {
        // Before the checkpoints are read, which takes its time: a coordinator that takes the run over meanwhile shuts this one out.
        long fence = store.Fence();
        HashSet<long> failed = Unsound(store, policy, cancel);
        var retention = new RetentionRequest(policy, fence) { Failed = failed };
        RetentionResult result = request.DryRun ? new RetentionResult(store.PlanRetention(retention), 0, []) : store.Retain(retention);
        RetentionDecision d = result.Decision;
        if (request.Json)
        {
            output.WriteLine(JsonSerializer.Serialize(
                new { request.DryRun, d.Keep, d.Drop, Unsound = failed.Order(), Files = d.Delete, d.Bytes, result.Deleted, result.Failures, d.Reason }, JsonOutput.Options));
        }
        else
        {
            foreach (long step in d.Keep.Concat(d.Drop).OrderDescending())
            {
                output.WriteLine($"step {step}: {Why(step, d, policy, failed)}");
            }

            output.WriteLine($"{(request.DryRun ? "would free" : "freed")} {Quantities.Size(d.Bytes)} in {d.Delete.Count} files; {d.Reason}");
            result.Failures.ToList().ForEach(f => output.WriteLine($"not deleted: {f}"));
        }

        return result.Failures.Count == 0 ? ExitCodes.Ok : ExitCodes.Resources;
    }

    /// <summary>Steps among the newest that do not verify: they do not count as recovery points, so older ones stay in their place.</summary>
    private static HashSet<long> Unsound(CheckpointStore store, RetentionPolicy policy, CancellationToken cancel)
    {
        var failed = new HashSet<long>();
        int sound = 0;
        foreach (Manifest manifest in store.List().Valid)
        {
            if (sound >= policy.Keep)
            {
                break;
            }

            if (store.Verify(manifest.Step, cancel).Count == 0)
            {
                sound++;
            }
            else
            {
                failed.Add(manifest.Step);
            }
        }

        return failed;
    }

    private static string Why(long step, RetentionDecision d, RetentionPolicy policy, HashSet<long> failed) => step switch
    {
        _ when failed.Contains(step) && d.Keep.Contains(step) => "stays, though it is damaged: no recovery point, see `moe checkpoint verify`",
        _ when d.Drop.Contains(step) => $"goes: older than the {policy.Keep} newest sound checkpoints",
        _ when policy.KeepEvery > 0 && step % policy.KeepEvery == 0 => $"stays: a multiple of keep-every = {policy.KeepEvery}",
        _ => $"stays: among the {policy.Keep} newest",
    };
}
