using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Cluster.Journal;

/// <summary>What the coordinator's journal holds: manifests and decisions, never tensors.</summary>
internal abstract record JournalEntry
{
    /// <summary>A coordinator took office; its fencing token is its sequence number, or what follows its predecessor's token where that is more.</summary>
    public sealed record CoordinatorStarted(string Node) : JournalEntry
    {
        /// <summary>The journal's id: the first coordinator that gives one gives a random one, all others repeat it. Entries of earlier builds have none.</summary>
        public string Journal { get; init; } = "";

        /// <summary>The process it is in; the next coordinator asks whether that was one of its own cluster. Entries of earlier builds have none.</summary>
        public string Incarnation { get; init; } = "";

        /// <summary>It is the first of a newly started cluster: a wish to stop that was recorded before is one of processes that are gone.</summary>
        public bool Begins { get; init; }
    }

    /// <summary>A run was accepted or resumed.</summary>
    public sealed record RunAccepted(string SpecJson, string RunFolder, long NewestCheckpoint, string LedgerJson, string Command) : JournalEntry
    {
        /// <summary>The coordinator's fencing token then: a folder fenced under another journal raises it; the next coordinator's is newer.</summary>
        public long Fence { get; init; }

        /// <summary>Newest epoch the run's folder knew of.</summary>
        public int Epoch { get; init; }
    }

    /// <summary>An epoch began.</summary>
    public sealed record EpochBegan(int Epoch, IReadOnlyList<NodeIdentity> Nodes, IReadOnlyList<int> NodeOfRank, long RestoreStep) : JournalEntry;

    /// <summary>A checkpoint's manifest was published.</summary>
    public sealed record CheckpointPublished(long Step, string LedgerJson) : JournalEntry;

    /// <summary>A step was skipped: nothing of it was finite enough to learn from.</summary>
    public sealed record StepSkipped(long Step) : JournalEntry;

    /// <summary>Dynamic-K: experts of a layer saved from now on.</summary>
    public sealed record KChanged(int KSnapshot, int KPersist) : JournalEntry;

    /// <summary>What the adaptive configuration chose, once for the run (DT-1).</summary>
    public sealed record CheckpointsChosen(int KSnapshot, int KPersist, int Interval, string Reason) : JournalEntry;

    /// <summary>Someone asked to stop: a coordinator that takes over stops too.</summary>
    public sealed record StopAsked(string Reason) : JournalEntry;

    /// <summary>The run ended.</summary>
    public sealed record RunEnded(string Outcome) : JournalEntry
    {
        /// <summary>What kind of failure ended it. Entries of earlier builds have none.</summary>
        public FailureCause Cause { get; init; }
    }
}
