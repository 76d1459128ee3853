using MoeActors.Compute.Checkpoints.Storage;

namespace MoeActors.Compute.Checkpoints.Retention;

/// <summary>Which checkpoints stay.</summary>
/// <param name="Keep">Newest usable checkpoints kept, at least 1.</param>
/// <param name="KeepEvery">Checkpoints whose step is a multiple of it stay for ever; 0 = none.</param>
public sealed record RetentionPolicy(int Keep, int KeepEvery = 0);

/// <summary>What one act of retention is told.</summary>
/// <param name="Policy">Which checkpoints stay.</param>
/// <param name="FencingToken">Token of the coordinator that asks.</param>
public sealed record RetentionRequest(RetentionPolicy Policy, long FencingToken)
{
    /// <summary>Steps being written; their folders stay. (Folders of steps after the newest manifest always stay: they may be in writing.)</summary>
    public IReadOnlySet<long> InProgress { get; init; } = new HashSet<long>();

    /// <summary>Steps being read, by a recovery say; they stay.</summary>
    public IReadOnlySet<long> Pinned { get; init; } = new HashSet<long>();

    /// <summary>Steps whose data failed verification: they do not count as usable (CK-2).</summary>
    public IReadOnlySet<long> Failed { get; init; } = new HashSet<long>();
}

/// <summary>What lies in a checkpoints folder, as far as retention cares.</summary>
/// <param name="Manifests">Readable manifests: step and the files each refers to.</param>
/// <param name="Broken">Unreadable manifests.</param>
/// <param name="Stored">Files in data folders.</param>
/// <param name="Folders">Data folders and their steps.</param>
public sealed record RetentionState(
    IReadOnlyList<(long Step, IReadOnlyCollection<string> Files)> Manifests,
    IReadOnlyList<(long Step, bool NewerSchema)> Broken,
    IReadOnlyList<StoredFile> Stored,
    IReadOnlyList<(string Folder, long Step)> Folders)
{
    /// <summary>Spares: space of files retired before (<see cref="RecycledSpace"/>).</summary>
    public IReadOnlyList<StoredFile> Spares { get; init; } = [];
}

/// <summary>What retention would do, and why.</summary>
/// <param name="Keep">Steps with a readable manifest that stay, newest first.</param>
/// <param name="Drop">Steps whose manifests go, broken ones included, newest first.</param>
/// <param name="Delete">Files that go.</param>
/// <param name="Folders">Data folders that are empty after that, and go too.</param>
/// <param name="Bytes">Bytes of the files that go.</param>
/// <param name="Reason">One sentence.</param>
public sealed record RetentionDecision(
    IReadOnlyList<long> Keep, IReadOnlyList<long> Drop, IReadOnlyList<string> Delete, IReadOnlyList<string> Folders, long Bytes, string Reason)
{
    /// <summary>Those of <see cref="Delete"/> whose space is kept for the next checkpoint: files of manifests that go now.</summary>
    public IReadOnlyCollection<string> Retire { get; init; } = [];

    /// <summary>Spares that go for good.</summary>
    public IReadOnlyList<string> Discard { get; init; } = [];
}

/// <summary>What retention did.</summary>
/// <param name="Decision">The decision.</param>
/// <param name="Deleted">Files that went, retired ones included, manifests not counted.</param>
/// <param name="Failures">What could not be deleted, a sentence each.</param>
public sealed record RetentionResult(RetentionDecision Decision, int Deleted, IReadOnlyList<string> Failures);
