using System.Collections.Immutable;

using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.Cluster.Membership;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>PURE: what a coordinator that has read the journal makes of it before its first decision.</summary>
internal static class Takeover
{
    /// <summary>Its token: newer than any of this journal, and than one that a folder fenced under another journal had raised.</summary>
    /// <param name="state">As replayed.</param>
    /// <param name="sequence">Sequence number of its first own entry.</param>
    public static CoordinatorState Fenced(CoordinatorState state, long sequence) => state with { Fence = Math.Max(sequence, state.Fence + 1) };

    /// <summary>The journal, read by one that is about to take office: each of its predecessors had a token of its own, whether or not it wrote it down.</summary>
    /// <param name="state">Of all entries before.</param>
    /// <param name="entry">The next one.</param>
    /// <param name="sequence">Its sequence number.</param>
    public static CoordinatorState Replay(CoordinatorState state, JournalEntry entry, long sequence) => entry is JournalEntry.CoordinatorStarted e
        ? Fenced(e.Begins ? WithoutWishes(state) : state, sequence) with { JournalId = e.Journal.Length > 0 ? e.Journal : state.JournalId, Coordinator = e.Incarnation }
        : CoordinatorMachine.Replay(state, entry);

    /// <summary>
    /// Whether this coordinator is the first of a newly started cluster, and not the successor of one in the same cluster. The last coordinator of the journal is then a stranger: it
    /// may live, in a cluster of its own, so that nothing is written anywhere before the folder's lock is taken.
    /// </summary>
    /// <param name="state">As replayed.</param>
    /// <param name="knows">Whether a process is or was a member of this cluster.</param>
    public static bool Begins(CoordinatorState state, Func<string, bool> knows) => state.Coordinator.Length == 0 || !knows(state.Coordinator);

    /// <summary>What people asked of a run ends with the processes they asked: a cluster that is started later trains it on.</summary>
    public static CoordinatorState WithoutWishes(CoordinatorState state) => state with { StopReason = null };

    /// <summary>
    /// Whether a successor has to have the lock of a run's folder before anything else. A predecessor that is stopped or cut off, not dead, still holds it: the fence and the journal shut that one out, and the lock is taken when it is free.
    /// But a folder that is fenced by a coordinator of another journal is being trained by another cluster, or was.
    /// </summary>
    /// <param name="token">The token the folder is fenced with.</param>
    /// <param name="owner">Whose it is.</param>
    /// <param name="journal">Id of this coordinator's journal.</param>
    public static bool NeedsLock(long token, string owner, string journal) => token != 0 && owner != journal;

    /// <summary>The token of one that is about to fence a folder: newer than any of another journal.</summary>
    public static long Above(long token, string owner, CoordinatorState state) =>
        token > state.Fence || (token == state.Fence && owner != state.JournalId) ? token + 1 : state.Fence;

    /// <summary>CK-1: the manifest is the truth. The former coordinator may have died between a manifest and its journal entry.</summary>
    public static CoordinatorState Adopt(CoordinatorState state, RecoveryPoints points) => state with
    {
        NewestCheckpoint = points.Step,
        CheckpointLedger = points.Ledger,
        Published = points.Published.ToImmutableSortedDictionary(f => f.Step, f => f),
    };
}
