namespace MoeActors.Host.Reports;

/// <summary>One checkpoint. A later record of the same step and kind replaces an earlier one (written, then verified).</summary>
public sealed record CheckpointRecord
{
    /// <summary>The step whose state it holds.</summary>
    public required long Step { get; init; }

    /// <summary>"full" or "partial": whether it saved everything, or some of the experts.</summary>
    public required string Kind { get; init; }

    /// <summary>Bytes written over all ranks.</summary>
    public required long Bytes { get; init; }

    /// <summary>Bytes written by each logical rank, by rank.</summary>
    public required IReadOnlyList<long> BytesPerRank { get; init; }

    /// <summary>Time computing stood still for it, ms: known from the steps after it (<see cref="CheckpointStalls"/>), 0 in the log of events.</summary>
    public double StallMs { get; init; }

    /// <summary>Time from the update to the last copied byte on the slowest node, ms; overlaps training. Absent where it was not recorded.</summary>
    public double? SnapshotMs { get; init; }

    /// <summary>Time from the snapshot's end to the published manifest, ms; overlaps training.</summary>
    public required double PersistMs { get; init; }

    /// <summary>Whether its checksums were read back and found right.</summary>
    public required bool Verified { get; init; }

    /// <summary>Epoch in which it was committed, where known.</summary>
    public long? Epoch { get; init; }
}
