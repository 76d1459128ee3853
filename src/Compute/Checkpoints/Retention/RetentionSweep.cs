using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Storage;

namespace MoeActors.Compute.Checkpoints.Retention;

/// <summary>The hands of retention: looks at the storage, deletes or retires what was decided. Within <see cref="ICheckpointStorage.Exclusive"/>.</summary>
internal static class RetentionSweep
{
    public static RetentionState Look(ICheckpointStorage storage, CheckpointListing listing)
    {
        var stored = new List<StoredFile>();
        var folders = new List<(string, long)>();
        foreach (string folder in storage.Folders())
        {
            if (CheckpointPaths.TryFolder(folder, out long step))
            {
                folders.Add((folder, step));
                stored.AddRange(storage.List(folder).Select(f => new StoredFile(f.Name, step, f.Bytes)));
            }
        }

        return new RetentionState(
            [.. listing.Valid.Select(m => (m.Step, (IReadOnlyCollection<string>)[.. m.Files.Select(f => f.File)]))],
            [.. listing.Broken.Select(b => (b.Step, b.NewerSchema))],
            stored,
            folders)
        { Spares = storage.Spares() };
    }

    /// <summary>Deletes. <paramref name="checkFence"/> throws when the token is no longer good; asked where no lock shuts others out.</summary>
    public static RetentionResult CarryOut(ICheckpointStorage storage, RetentionDecision decision, Action checkFence)
    {
        var failures = new List<string>();
        bool Try(Action action)
        {
            try
            {
                action();
                return true;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                failures.Add(e.Message);
                return false;
            }
        }

        // A manifest that cannot be deleted keeps its files: nothing goes before it. Its end is durable before theirs begins,
        // so that no crash leaves a manifest without its files.
        bool manifestsGone = decision.Drop.Count == 0, durable = false;
        if (decision.Drop.Count > 0)
        {
            manifestsGone = decision.Drop.All(step => Try(() => storage.Delete(CheckpointPaths.ManifestName(step)))) && Try(() => durable = storage.SyncFolder(""));
        }

        // Left by a publisher that died; none is at work while this holds the lock.
        Try(storage.DeleteLeftovers);
        if (!storage.ExcludesProcesses && decision.Delete.Count > 0)
        {
            checkFence();
        }

        foreach (string spare in decision.Discard)
        {
            Try(() => storage.Delete(spare));
        }

        // CK-2: a file is overwritten only when no power failure can bring back a manifest that refers to it.
        int deleted = manifestsGone ? decision.Delete.Count(file => Try(() =>
        {
            if (durable && decision.Retire.Contains(file))
            {
                storage.Retire(file);
            }
            else
            {
                storage.Delete(file);
            }
        })) : 0;
        foreach (string folder in manifestsGone ? decision.Folders : [])
        {
            Try(() => storage.DeleteFolder(folder));
        }

        return new RetentionResult(decision, deleted, failures);
    }
}
