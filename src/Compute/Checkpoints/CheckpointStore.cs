using System.Diagnostics;

namespace MoeActors.Compute.Checkpoints;

/// <summary>
/// A run's checkpoints folder: manifests, the data folders they refer to, the fence. Thread-safe and safe between processes; keeps
/// nothing in memory. Throws <see cref="CheckpointException"/>.
/// </summary>
/// <param name="root">RUN-DIR/checkpoints; created by the first <see cref="Begin"/> or <see cref="RaiseFence"/>.</param>
/// <param name="files">File operations; null = the file system.</param>
public sealed class CheckpointStore(string root, IFileOperations? files = null)
{
    private const string NotDurable = "this file system does not sync folders: a power failure may lose the newest checkpoint";

    private readonly IFileOperations files = files ?? PosixFiles.Instance;

    /// <summary>The checkpoints folder.</summary>
    public string Root { get; } = Path.GetFullPath(root);

    /// <summary>
    /// Creates the data folder of one attempt at <paramref name="step"/> and gives its name relative to the root. All nodes that write the step
    /// call it with the same attempt (the epoch, say); a step written again after a recovery needs another one, for no two
    /// writers may meet in a file. Refuses a folder that a published manifest refers to.
    /// </summary>
    public string Begin(long step, long attempt = 0) => Guard($"checkpoint {step} not begun", () =>
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfNegative(attempt);
        string folder = CheckpointPaths.FolderName(step, attempt);
        foreach (long s in ManifestSteps().Where(s => s >= step && Directory.Exists(Path.Combine(Root, folder))))
        {
            // A manifest that cannot be read may refer to it as well.
            if (TryOpen(s) is not { } m || m.Files.Any(f => CheckpointPaths.FolderOf(f.File) == folder))
            {
                throw new CheckpointException($"{folder}: {CheckpointPaths.ManifestName(s)} refers to it; begin step {step} again under another attempt");
            }
        }

        files.CreateFolder(Path.Combine(Root, folder));
        files.SyncFolder(Root);
        return folder;
    });

    /// <summary>
    /// Publishes a checkpoint (CK-1): tiling against <paramref name="expected"/>, files present in full, fence, then the atomic write of the
    /// manifest. From the rename on the checkpoint exists. Publishing the same manifest again changes nothing (RC-2). Refused: an
    /// incomplete manifest, a file missing or of another length, a token older than the fence or than the published manifest's, another run's folder.
    /// </summary>
    public PublishResult Publish(Manifest manifest, IEnumerable<ExpectedTensor> expected) => Guard($"checkpoint {manifest.Step} not published", () =>
    {
        long start = Stopwatch.GetTimestamp();
        byte[] bytes = ManifestFormat.Write(manifest);
        string name = CheckpointPaths.ManifestName(manifest.Step), checksum = SealedJson.StatedChecksum(bytes);
        IReadOnlyList<CompletenessProblem> problems = Completeness.Check(expected, manifest.Entries);
        if (problems.Count > 0)
        {
            throw new CheckpointException($"{name} not published: {problems.Count} {(problems.Count == 1 ? "problem" : "problems")}, first {problems[0].Message}");
        }

        bool synced = true;
        foreach (CheckpointFile f in manifest.Files)
        {
            CheckFile(f, name);
        }

        using StoreLock held = StoreLock.Take(Root);
        CheckFence(manifest.FencingToken, $"{name} not published");
        if (PublishedBefore(manifest, checksum))
        {
            return new PublishResult(manifest.Step, name, checksum, Already: true, Stopwatch.GetElapsedTime(start).TotalMilliseconds, Warning: null);
        }

        // The writers synced their folders; a folder on another client of a network file system may still be ours to sync.
        foreach (string folder in manifest.Files.Select(f => CheckpointPaths.FolderOf(f.File)).Distinct())
        {
            synced &= files.SyncFolder(Path.Combine(Root, folder));
        }

        synced &= AtomicFile.Write(files, Path.Combine(Root, name), bytes);
        double ms = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        return new PublishResult(manifest.Step, name, checksum, Already: false, ms, synced ? null : $"{Root}: {NotDurable}");
    });

    /// <summary>Readable manifests newest first, and the broken ones with the reason. Empty when the folder does not exist.</summary>
    public CheckpointListing List() => Guard("checkpoints not listed", () =>
    {
        var valid = new List<Manifest>();
        var broken = new List<BrokenManifest>();
        foreach (long step in ManifestSteps())
        {
            try
            {
                valid.Add(Open(step));
            }
            catch (CheckpointException e)
            {
                broken.Add(new BrokenManifest(step, CheckpointPaths.ManifestName(step), e.Message, e.NewerSchema));
            }
        }

        return new CheckpointListing(valid, broken);
    });

    /// <summary>The newest readable manifest; null when there is none. Older than a broken one where that is the newest: <see cref="List"/> tells.</summary>
    public Manifest? Newest() => Guard("checkpoints not listed", () => ManifestSteps().Select(TryOpen).FirstOrDefault(m => m is not null));

    /// <summary>The manifest of <paramref name="step"/>, which must belong to <paramref name="expected"/> when given.</summary>
    public Manifest Open(long step, RunIdentity? expected = null) => Guard($"checkpoint {step} not opened", () =>
    {
        string path = Path.Combine(Root, CheckpointPaths.ManifestName(step));
        if (!File.Exists(path))
        {
            string there = string.Join(", ", ManifestSteps().Take(5));
            throw new CheckpointException($"{path}: there is no checkpoint of step {step}; there {(there.Length == 0 ? "are none" : $"are {there}")}");
        }

        Manifest manifest = ManifestFormat.Read(File.ReadAllBytes(path), path);
        if (manifest.Step != step)
        {
            throw new CheckpointException($"{path}: holds step {manifest.Step}: renamed or copied; {ManifestFormat.Remedy}");
        }

        if (expected is not null)
        {
            manifest.Demand(expected);
        }

        return manifest;
    });

    /// <summary>Reads every byte of a checkpoint. Empty when it is as it was written; else every problem, each naming file, tensor, expected and found.</summary>
    public IReadOnlyList<CheckpointProblem> Verify(long step, CancellationToken cancellation = default)
    {
        try
        {
            return CheckpointVerifier.Verify(Root, Open(step), cancellation);
        }
        catch (CheckpointException e)
        {
            return [new CheckpointProblem(CheckpointPaths.ManifestName(step), null, "a sound manifest", "none", e.Message)];
        }
    }

    /// <summary>The newest fencing token raised; 0 = none.</summary>
    public long Fence() => Guard("fence not read", () => FenceFile.Read(Root));

    /// <summary>
    /// Shuts out all publishers with a token below <paramref name="token"/>: after this returns none of them publishes or deletes. Raising the
    /// same token again changes nothing; a lower one is refused.
    /// </summary>
    public void RaiseFence(long token) => Guard($"fence {token} not raised", () =>
    {
        files.CreateFolder(Root);
        using StoreLock held = StoreLock.Take(Root);
        CheckFence(token, $"fencing token {token} refused");
        if (token > FenceFile.Read(Root))
        {
            FenceFile.Write(files, Root, token);
        }

        return true;
    });

    /// <summary>
    /// Deletes what <see cref="Retention.Decide"/> says: first manifests, made durable, then the files nothing refers to any more (CK-2). Refused for a
    /// token older than the fence. What cannot be deleted is named in the result, and tried again the next time.
    /// </summary>
    public RetentionResult Retain(RetentionRequest request) => Guard("nothing deleted", () =>
    {
        if (!Directory.Exists(Root))
        {
            return new RetentionResult(new RetentionDecision([], [], [], [], 0, "there is no checkpoints folder"), 0, []);
        }

        using StoreLock held = StoreLock.Take(Root);
        CheckFence(request.FencingToken, "nothing deleted");
        RetentionDecision decision = Retention.Decide(request, RetentionSweep.Look(Root, List()));
        return RetentionSweep.CarryOut(files, Root, decision);
    });

    private void CheckFence(long token, string what)
    {
        if (FenceFile.Read(Root) is var fence && fence > token)
        {
            throw new CheckpointException($"{what}: {Root} is fenced at token {fence}, newer than {token}; a newer coordinator has taken over, stop this one");
        }
    }

    private void CheckFile(CheckpointFile file, string manifest)
    {
        var info = new FileInfo(Path.Combine(Root, file.File));
        if (!info.Exists || info.Length != file.Bytes)
        {
            throw new CheckpointException($"{manifest} not published: {info.FullName} has {(info.Exists ? $"{info.Length} bytes" : "gone")}, expected {file.Bytes} bytes; write the step again");
        }
    }

    /// <summary>Whether this very manifest stands there already; throws when what stands there must not be replaced.</summary>
    private bool PublishedBefore(Manifest manifest, string checksum)
    {
        long? newest = ManifestSteps().Select(s => (long?)s).FirstOrDefault();
        Manifest? other = newest is { } step ? TryOpen(step) : null;
        if (other is not null && other.Identity.RunId != manifest.Identity.RunId)
        {
            throw new CheckpointException($"{Root}: holds checkpoints of run {other.Identity.RunId}, not of {manifest.Identity.RunId}; give the run a directory of its own");
        }

        Manifest? standing = null;
        try
        {
            standing = ManifestSteps().Contains(manifest.Step) ? Open(manifest.Step) : null;
        }
        catch (CheckpointException e) when (!e.NewerSchema)
        {
            // A broken manifest is worth nothing: it is replaced.
        }

        if (standing is not null && standing.FencingToken > manifest.FencingToken)
        {
            throw new CheckpointException(
                $"{CheckpointPaths.ManifestName(manifest.Step)} not published: it stands there with fencing token {standing.FencingToken}, newer than {manifest.FencingToken}");
        }

        return standing?.Checksum == checksum;
    }

    private Manifest? TryOpen(long step)
    {
        try
        {
            return Open(step);
        }
        catch (CheckpointException)
        {
            return null; // List names it
        }
    }

    /// <summary>Steps that have a manifest, sound or not, newest first.</summary>
    private List<long> ManifestSteps()
    {
        var steps = new List<long>();
        if (Directory.Exists(Root))
        {
            foreach (string path in Directory.EnumerateFiles(Root, $"*{CheckpointPaths.ManifestSuffix}"))
            {
                if (CheckpointPaths.TryManifest(Path.GetFileName(path), out long step))
                {
                    steps.Add(step);
                }
            }
        }

        steps.Sort((a, b) => b.CompareTo(a));
        return steps;
    }

    private static T Guard<T>(string what, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{what}: {e.Message}; make the run directory readable and writable, with space on its disk", e);
        }
    }
}
