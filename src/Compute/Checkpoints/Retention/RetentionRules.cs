using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Storage;

namespace MoeActors.Compute.Checkpoints.Retention;

/// <summary>CK-2 as a pure function: which manifests go, and which files nothing refers to after that.</summary>
public static class RetentionRules
{
    /// <summary>
    /// A manifest goes when the policy's number of usable ones is newer and nothing else keeps it. A file stays while a manifest that stays refers
    /// to it, wherever it lies; while its step is in writing or after the newest manifest; while a manifest of its step
    /// stays that cannot be read. Where a manifest of a newer build is found, nothing goes: this build cannot know what it refers to.
    /// </summary>
    public static RetentionDecision Decide(RetentionRequest request, RetentionState state)
    {
        if (request.Policy.Keep < 1 || request.Policy.KeepEvery < 0)
        {
            throw new CheckpointException($"keep {request.Policy.Keep}, keep-every {request.Policy.KeepEvery}: expected keep of at least 1 and keep-every of at least 0");
        }

        List<long> steps = [.. state.Manifests.Select(m => m.Step).OrderDescending()];
        if (state.Broken.FirstOrDefault(b => b.NewerSchema) is { NewerSchema: true, Step: var newer })
        {
            return new RetentionDecision(steps, [], [], [], 0, $"the manifest of step {newer} is of a newer build: nothing is deleted");
        }

        // Everything at or after the Keep-th usable checkpoint stays; with fewer usable ones, everything does.
        long[] usable = [.. steps.Where(s => !request.Failed.Contains(s)).Take(request.Policy.Keep)];
        long threshold = usable.Length == request.Policy.Keep ? usable[^1] : long.MinValue;
        bool Stays(long step) => step >= threshold || request.Pinned.Contains(step) || request.InProgress.Contains(step)
            || (request.Policy.KeepEvery > 0 && step % request.Policy.KeepEvery == 0);

        List<long> keep = [.. steps.Where(Stays)];
        List<long> brokenKept = [.. state.Broken.Select(b => b.Step).Where(s => s >= threshold)];
        List<long> drop = [.. steps.Except(keep).Concat(state.Broken.Select(b => b.Step).Except(brokenKept)).OrderDescending()];

        long newest = steps.Count > 0 ? steps[0] : long.MinValue;
        var referred = state.Manifests.Where(m => Stays(m.Step)).SelectMany(m => m.Files).ToHashSet();
        bool Over(long step) => step <= newest && !request.InProgress.Contains(step) && !brokenKept.Contains(step);
        ILookup<bool, StoredFile> files = state.Stored.ToLookup(f => !referred.Contains(f.File) && Over(f.Step));
        List<StoredFile> delete = [.. files[true]];
        var used = files[false].Select(f => f.File[..f.File.IndexOf('/')]).ToHashSet();
        List<string> folders = [.. state.Folders.Where(f => Over(f.Step) && !used.Contains(f.Folder)).Select(f => f.Folder)];
        string reason = $"{keep.Count} of {steps.Count} checkpoints stay ({usable.Length} newest usable"
            + (request.Policy.KeepEvery > 0 ? $", multiples of {request.Policy.KeepEvery}" : "") + $"); {delete.Count} files are referred to by none";

        // Of what goes, only files of manifests that are dropped by this very act: these are complete, so no writer is in them, and their manifest's end
        // is made durable before them. An orphan's writer may still be alive.
        var retired = state.Manifests.Where(m => drop.Contains(m.Step)).SelectMany(m => m.Files).ToHashSet();
        HashSet<string> current = [.. state.Manifests.Where(m => m.Step == newest).SelectMany(m => m.Files)];
        RecycledSpace spares = RecycledSpace.Decide(delete.Where(f => retired.Contains(f.File)), state.Spares, state.Stored.Where(f => current.Contains(f.File)).Sum(f => f.Bytes));
        return new RetentionDecision(keep, drop, [.. delete.Select(f => f.File)], folders, delete.Sum(f => f.Bytes), reason)
        {
            Retire = [.. spares.Keep.Select(f => f.File)],
            Discard = [.. spares.Discard.Select(f => f.File)],
        };
    }
}
