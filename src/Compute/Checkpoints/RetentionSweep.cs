namespace MoeActors.Compute.Checkpoints;

/// <summary>The hands of retention: looks at the folder, deletes or retires what was decided. Under <see cref="StoreLock"/>.</summary>
internal static class RetentionSweep
{
    public static RetentionState Look(string root, CheckpointListing listing)
    {
        var stored = new List<StoredFile>();
        var folders = new List<(string, long)>();
        foreach (DirectoryInfo folder in new DirectoryInfo(root).EnumerateDirectories())
        {
            if (CheckpointPaths.TryFolder(folder.Name, out long step))
            {
                folders.Add((folder.Name, step));
                stored.AddRange(folder.EnumerateFiles("*", SearchOption.AllDirectories)
                    .Select(f => new StoredFile(Path.GetRelativePath(root, f.FullName), step, f.Length)));
            }
        }

        return new RetentionState(
            [.. listing.Valid.Select(m => (m.Step, (IReadOnlyCollection<string>)[.. m.Files.Select(f => f.File)]))],
            [.. listing.Broken.Select(b => (b.Step, b.NewerSchema))],
            stored,
            folders)
        { Spares = SparePool.Look(root) };
    }

    public static RetentionResult CarryOut(IFileOperations files, string root, RetentionDecision decision)
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
            manifestsGone = decision.Drop.All(step => Try(() => files.DeleteFile(Path.Combine(root, CheckpointPaths.ManifestName(step)))))
                && Try(() => durable = files.SyncFolder(root));
        }

        // Left by a publisher that died; none is at work while this holds the lock.
        foreach (string temporary in Directory.EnumerateFiles(root, $"*{AtomicFile.TemporarySuffix}"))
        {
            Try(() => files.DeleteFile(temporary));
        }

        foreach (string spare in decision.Discard)
        {
            Try(() => files.DeleteFile(Path.Combine(root, spare)));
        }

        // CK-2: a file is overwritten only when no power failure can bring back a manifest that refers to it.
        bool keepsSpace = durable && decision.Retire.Count > 0 && Try(() => files.CreateFolder(Path.Combine(root, SparePool.Folder)));
        int deleted = manifestsGone ? decision.Delete.Count(file => Try(() =>
        {
            if (keepsSpace && decision.Retire.Contains(file))
            {
                files.Rename(Path.Combine(root, file), Path.Combine(root, SparePool.NameOf(file)));
            }
            else
            {
                files.DeleteFile(Path.Combine(root, file));
            }
        })) : 0;
        foreach (string folder in manifestsGone ? decision.Folders : [])
        {
            Try(() => files.DeleteFolder(Path.Combine(root, folder)));
        }

        return new RetentionResult(decision, deleted, failures);
    }
}
