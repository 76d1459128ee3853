using MoeActors.Actors.Protocol;
using MoeActors.Compute.Data;

namespace MoeActors.Actors.Checkpointing;

/// <summary>A checkpoint being written: its parts as the nodes report them.</summary>
/// <param name="Step">Completed steps.</param>
/// <param name="Epoch">Epoch of the snapshot.</param>
/// <param name="Ledger">Samples of those steps (DA-1).</param>
/// <param name="Parts">Parts so far, by node incarnation.</param>
internal sealed record PendingCheckpoint(
    long Step, int Epoch, SampleLedger Ledger, System.Collections.Immutable.ImmutableSortedDictionary<string, SnapshotPersisted> Parts)
{
    /// <summary>What it saves.</summary>
    public CheckpointOrder Order { get; init; } = CheckpointOrder.All;

    /// <summary>What it will be once it is published.</summary>
    public required CheckpointFacts Facts { get; init; }

    /// <summary>Step of the checkpoint in which what it leaves out lies; null = it leaves nothing out.</summary>
    public long? Base { get; init; }
}
