using MoeActors.Compute.Checkpoints.Format;

namespace MoeActors.Compute.Checkpoints.Files;

/// <summary>A written, durable shard file.</summary>
/// <param name="File">The file, for the manifest.</param>
/// <param name="Entries">Its entries, in the order the tensors were given.</param>
/// <param name="Bytes">Bytes written, header included.</param>
/// <param name="WriteMs">Milliseconds of hashing and writing.</param>
/// <param name="SyncMs">Milliseconds of making it durable.</param>
/// <param name="FolderSynced">Whether the file's name is durable too: false on a file system that does not sync folders.</param>
public sealed record ShardFileResult(
    CheckpointFile File,
    IReadOnlyList<CheckpointEntry> Entries,
    long Bytes,
    double WriteMs,
    double SyncMs,
    bool FolderSynced);
