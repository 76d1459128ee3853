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

    /// <summary>The journal, read by one that is about to take office: each of its predecessors had a token of its own, whether or not it wrote it down.</summary>
    /// <param name="state">Of all entries before.</param>
    /// <param name="entry">The next one.</param>
    /// <param name="sequence">Its sequence number.</param>
    public static CoordinatorState Replay(CoordinatorState state, JournalEntry entry, long sequence) =>
        entry is JournalEntry.CoordinatorStarted ? Fenced(state, sequence) : CoordinatorMachine.Replay(state, entry);

    /// <summary>
    /// Whether the lock of a run's folder has to be had before anything else. A predecessor that is stopped or cut off, not dead, still holds it: the fence and the journal shut that one out, and the lock is taken when it is free. But a
    /// folder that is fenced further than any predecessor could is being trained by another cluster.
    /// </summary>
    /// <param name="folder">The folder's token, before this coordinator raises it.</param>
    /// <param name="predecessor">The newest token of the journal before this coordinator's own.</param>
    public static bool NeedsLock(long folder, long predecessor) => folder > predecessor;

    /// <summary>CK-1: the manifest is the truth. The former coordinator may have died between a manifest and its journal entry.</summary>
    public static CoordinatorState Adopt(CoordinatorState state, RecoveryPoints points) => state with
    {
        NewestCheckpoint = points.Step,
        CheckpointLedger = points.Ledger,
        Published = points.Published.ToImmutableSortedDictionary(f => f.Step, f => f),
    };
}
