namespace MoeActors.Host.Reports;

/// <summary>One checkpoint. A later record of the same step and kind replaces an earlier one (written, then verified).</summary>
public sealed record CheckpointRecord
{
    /// <summary>The step whose state it holds.</summary>
    public required long Step { get; init; }

    /// <summary>"full", "partial", …: what it holds.</summary>
    public required string Kind { get; init; }

    /// <summary>Bytes written over all ranks.</summary>
    public required long Bytes { get; init; }

    /// <summary>Bytes written by each logical rank, by rank.</summary>
    public required IReadOnlyList<long> BytesPerRank { get; init; }

    /// <summary>Time training stood still for it, ms.</summary>
    public required double StallMs { get; init; }

    /// <summary>Time from the snapshot's end to the published manifest, ms; overlaps training.</summary>
    public required double PersistMs { get; init; }

    /// <summary>Whether its checksums were read back and found right.</summary>
    public required bool Verified { get; init; }

    /// <summary>Epoch in which it was committed, where known.</summary>
    public long? Epoch { get; init; }
}
