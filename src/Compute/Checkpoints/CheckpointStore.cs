using System.Diagnostics;

using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Retention;
using MoeActors.Compute.Checkpoints.Storage;

namespace MoeActors.Compute.Checkpoints;

/// <summary>
/// A run's checkpoints: manifests, the data folders they refer to, the fence. Thread-safe and safe between processes; keeps
/// nothing in memory. Throws <see cref="CheckpointException"/>.
/// </summary>
/// <param name="storage">Where they lie; a folder is created by the first <see cref="Begin"/> or <see cref="RaiseFence"/>.</param>
public sealed class CheckpointStore(ICheckpointStorage storage)
{
    private const string NotDurable = "this file system does not sync folders: a power failure may lose the newest checkpoint";

    /// <summary>Times a fence is looked at again when another process moves it at the same moment.</summary>
    private const int FenceAttempts = 5;

    /// <summary>The store of a folder.</summary>
    /// <param name="root">RUN-DIR/checkpoints.</param>
    /// <param name="files">File operations; null = the file system.</param>
    public CheckpointStore(string root, IFileOperations? files = null)
        : this(new FolderStorage(root, files))
    {
    }

    /// <summary>Where the checkpoints lie.</summary>
    public ICheckpointStorage Storage => storage;

    /// <summary>The same, for people: a folder's path or "s3://bucket/prefix".</summary>
    public string Location => storage.Location;

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
        foreach (long s in storage.Folders().Contains(folder) ? ManifestSteps().Where(s => s >= step) : [])
        {
            // A manifest that cannot be read may refer to it as well.
            if (TryOpen(s) is not { } m || m.Files.Any(f => CheckpointPaths.FolderOf(f.File) == folder))
            {
                throw new CheckpointException($"{folder}: {CheckpointPaths.ManifestName(s)} refers to it; begin step {step} again under another attempt");
            }
        }

        storage.CreateFolder(folder);
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

        CheckFiles(manifest, name);
        using IDisposable held = storage.Exclusive();
        CheckFence(manifest.FencingToken, $"{name} not published");
        if (PublishedBefore(manifest, checksum, out PutCondition condition))
        {
            return new PublishResult(manifest.Step, name, checksum, Already: true, Stopwatch.GetElapsedTime(start).TotalMilliseconds, Warning: null);
        }

        // The writers synced their folders; a folder on another client of a network file system may still be ours to sync.
        bool synced = true;
        foreach (string folder in manifest.Files.Select(f => CheckpointPaths.FolderOf(f.File)).Distinct())
        {
            synced &= storage.SyncFolder(folder);
        }

        synced &= storage.Put(name, bytes, condition);
        if (!storage.ExcludesProcesses)
        {
            WithdrawIfFenced(manifest.FencingToken, name, bytes);
        }

        double ms = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        return new PublishResult(manifest.Step, name, checksum, Already: false, ms, synced ? null : $"{Location}: {NotDurable}");
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
                broken.Add(Broken(step, e));
            }
        }

        return new CheckpointListing(valid, broken);
    });

    /// <summary>The newest readable manifest; null when there is none.</summary>
    /// <param name="skipped">Told of each newer one that is broken; null: <see cref="List"/> tells.</param>
    public Manifest? Newest(Action<BrokenManifest>? skipped = null) => Guard("checkpoints not listed", () =>
    {
        foreach (long step in ManifestSteps())
        {
            try
            {
                return Open(step);
            }
            catch (CheckpointException e)
            {
                skipped?.Invoke(Broken(step, e));
            }
        }

        return null;
    });

    /// <summary>The manifest of <paramref name="step"/>, which must belong to <paramref name="expected"/> when given.</summary>
    public Manifest Open(long step, RunIdentity? expected = null) => Guard($"checkpoint {step} not opened", () =>
    {
        string name = CheckpointPaths.ManifestName(step), path = storage.Describe(name);
        if (storage.Read(name) is not { } found)
        {
            string there = string.Join(", ", ManifestSteps().Take(5));
            throw new CheckpointException($"{path}: there is no checkpoint of step {step}; there {(there.Length == 0 ? "are none" : $"are {there}")}");
        }

        Manifest manifest = ManifestFormat.Read(found.Content, path);
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
            return CheckpointVerifier.Verify(storage, Open(step), cancellation);
        }
        catch (CheckpointException e)
        {
            return [new CheckpointProblem(CheckpointPaths.ManifestName(step), null, "a sound manifest", "none", e.Message)];
        }
    }

    /// <summary>Whether all files of a checkpoint are there, as long as the manifest says. What is in them is not read.</summary>
    public bool HasFiles(Manifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        try
        {
            CheckFiles(manifest, CheckpointPaths.ManifestName(manifest.Step));
            return true;
        }
        catch (CheckpointException)
        {
            return false;
        }
    }

    /// <summary>The newest fencing token raised; 0 = none.</summary>
    public long Fence() => StandingFence().Token;

    /// <summary>The same, and whose it is: what its coordinator gave <see cref="RaiseFence"/>.</summary>
    public (long Token, string Owner) StandingFence() => Guard("fence not read", () =>
    {
        FenceFile standing = FenceFile.Read(storage);
        return (standing.Token, standing.Owner);
    });

    /// <summary>
    /// Shuts out all publishers with a token below <paramref name="token"/>: after this returns none of them publishes or deletes. Raising the
    /// same token again changes nothing; a lower one is refused, and so is the same one of another owner.
    /// </summary>
    /// <param name="token">Newer than any token of this run before.</param>
    /// <param name="owner">Id of the journal it is of; "" = nobody's in particular.</param>
    public void RaiseFence(long token, string owner = "") => Guard($"fence {token} not raised", () =>
    {
        storage.CreateFolder("");
        using IDisposable held = storage.Exclusive();
        for (int attempt = 1; ; attempt++)
        {
            FenceFile standing = CheckFence(token, $"fencing token {token} refused");
            if (token == standing.Token && owner == standing.Owner)
            {
                return true;
            }

            if (token == standing.Token && standing.Owner.Length > 0)
            {
                throw new CheckpointException($"fencing token {token} refused: {Location} is fenced with it by a coordinator of another journal; this run is being trained elsewhere, stop one of the two");
            }

            try
            {
                standing.Replace(storage, token, owner);
            }
            catch (PutConflictException) when (attempt < FenceAttempts)
            {
                // Another process moved it in between: whose token is newer is decided by looking again.
            }
        }
    });

    /// <summary>
    /// Deletes what <see cref="RetentionRules.Decide"/> says: first manifests, made durable, then the files nothing refers to any more (CK-2). Refused for a
    /// token older than the fence. What cannot be deleted is named in the result, and tried again the next time.
    /// </summary>
    public RetentionResult Retain(RetentionRequest request) => Guard("nothing deleted", () =>
    {
        if (Nothing())
        {
            return new RetentionResult(NothingThere, 0, []);
        }

        using IDisposable held = storage.Exclusive();
        CheckFence(request.FencingToken, "nothing deleted");
        RetentionDecision decision = RetentionRules.Decide(request, RetentionSweep.Look(storage, List()));
        return RetentionSweep.CarryOut(storage, decision, () => CheckFence(request.FencingToken, "no file deleted"));
    });

    /// <summary>What <see cref="Retain"/> would do now; changes nothing.</summary>
    public RetentionDecision PlanRetention(RetentionRequest request) => Guard("checkpoints not listed", () =>
        Nothing() ? NothingThere : RetentionRules.Decide(request, RetentionSweep.Look(storage, List())));

    private static RetentionDecision NothingThere => new([], [], [], [], 0, "there are no checkpoints");

    private bool Nothing() => storage.Folders().Count == 0 && storage.List("").Count == 0;

    private FenceFile CheckFence(long token, string what)
    {
        FenceFile fence = FenceFile.Read(storage);
        return fence.Token <= token
            ? fence
            : throw new CheckpointException($"{what}: {Location} is fenced at token {fence.Token}, newer than {token}; a newer coordinator has taken over, stop this one");
    }

    /// <summary>A fence raised between the look at it and the manifest's put, where no lock could hold it off: the manifest goes again.</summary>
    private void WithdrawIfFenced(long token, string name, ReadOnlySpan<byte> bytes)
    {
        try
        {
            CheckFence(token, $"{name} withdrawn");
        }
        catch (CheckpointException)
        {
            if (storage.Read(name) is { } standing && standing.Content.AsSpan().SequenceEqual(bytes))
            {
                storage.DeleteIf(name, standing.Tag);
            }

            throw;
        }
    }

    private void CheckFiles(Manifest manifest, string name)
    {
        foreach (IGrouping<string, CheckpointFile> folder in manifest.Files.GroupBy(f => CheckpointPaths.FolderOf(f.File)))
        {
            Dictionary<string, long> there = storage.List(folder.Key).ToDictionary(f => f.Name, f => f.Bytes);
            foreach (CheckpointFile f in folder)
            {
                long? bytes = there.TryGetValue(f.File, out long found) ? found : null;
                if (bytes != f.Bytes)
                {
                    throw new CheckpointException(
                        $"{name} not published: {storage.Describe(f.File)} has {(bytes is null ? "gone" : $"{bytes} bytes")}, expected {f.Bytes} bytes; write the step again");
                }
            }
        }
    }

    /// <summary>
    /// Whether this very manifest stands there already; throws when what stands there must not be replaced. Where it may be,
    /// <paramref name="condition"/> says under which condition the put is the one decided on here.
    /// </summary>
    private bool PublishedBefore(Manifest manifest, string checksum, out PutCondition condition)
    {
        condition = PutCondition.After(storage.Read(CheckpointPaths.ManifestName(manifest.Step)));
        long? newest = ManifestSteps().Select(s => (long?)s).FirstOrDefault();
        Manifest? other = newest is { } step ? TryOpen(step) : null;
        if (other is not null && other.Identity.RunId != manifest.Identity.RunId)
        {
            throw new CheckpointException($"{Location}: holds checkpoints of run {other.Identity.RunId}, not of {manifest.Identity.RunId}; give the run a directory of its own");
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

    private static BrokenManifest Broken(long step, CheckpointException e) => new(step, CheckpointPaths.ManifestName(step), e.Message, e.NewerSchema);

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
        foreach (StoredObject file in storage.List(""))
        {
            if (CheckpointPaths.TryManifest(file.Name, out long step))
            {
                steps.Add(step);
            }
        }

        steps.Sort((a, b) => b.CompareTo(a));
        return steps;
    }

    private T Guard<T>(string what, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{what}: {e.Message}; {storage.Remedy}", e);
        }
    }
}
