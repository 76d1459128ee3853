using System.Collections.Immutable;

using MoeActors.Actors.Checkpointing;

namespace MoeActors.Actors.Cluster;

/// <summary>PURE: what a coordinator that has read the journal makes of it before its first decision.</summary>
internal static class TakingOffice
{
    /// <summary>Its token: newer than any of this journal, and than one that a folder fenced under another journal had raised.</summary>
    /// <param name="state">As replayed.</param>
    /// <param name="sequence">Sequence number of its first own entry.</param>
    public static CoordinatorState Fenced(CoordinatorState state, long sequence) => state with { Fence = Math.Max(sequence, state.Fence + 1) };

    /// <summary>CK-1: the manifest is the truth. The former coordinator may have died between a manifest and its journal entry.</summary>
    public static CoordinatorState Adopt(CoordinatorState state, RecoveryPoints points) => state with
    {
        NewestCheckpoint = points.Step,
        CheckpointLedger = points.Ledger,
        Published = points.Published.ToImmutableSortedDictionary(f => f.Step, f => f),
    };
}
