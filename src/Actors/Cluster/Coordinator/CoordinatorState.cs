using System.Collections.Immutable;

using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Cluster.Placements;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Checkpoints.Partial;
using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>Where the run is in its life.</summary>
public enum RunPhase
{
    /// <summary>No run.</summary>
    Idle,

    /// <summary>Waiting for enough nodes.</summary>
    Gathering,

    /// <summary>Nodes say what state they hold, before an epoch begins in exact mode.</summary>
    Surveying,

    /// <summary>Nodes restore and connect for the epoch.</summary>
    Preparing,

    /// <summary>Training waits until a checkpoint is published (checkpoint.asynchronous = off).</summary>
    Saving,

    /// <summary>Steps are computed.</summary>
    Running,

    /// <summary>A held step is being applied.</summary>
    Applying,

    /// <summary>The validation loss is being computed.</summary>
    Evaluating,

    /// <summary>All is computed; the last checkpoint is being written.</summary>
    Finishing,

    /// <summary>Over.</summary>
    Ended,
}

/// <summary>Everything the run coordinator knows. Immutable; <see cref="CoordinatorMachine"/> makes the next one.</summary>
internal sealed record CoordinatorState
{
    /// <summary>Phase.</summary>
    public RunPhase Phase { get; init; } = RunPhase.Idle;

    /// <summary>The run's record, once submitted.</summary>
    public RunSpec? Spec { get; init; }

    /// <summary>The run's folder.</summary>
    public string RunFolder { get; init; } = "";

    /// <summary>Command that started the run.</summary>
    public string Command { get; init; } = "";

    /// <summary>Current epoch; each change of membership begins another (EP-1).</summary>
    public int Epoch { get; init; }

    /// <summary>Fencing token of this coordinator.</summary>
    public long Fence { get; init; }

    /// <summary>Id of the journal: whose the token is.</summary>
    public string JournalId { get; init; } = "";

    /// <summary>Incarnation of the process that took office last; empty where the journal does not name it.</summary>
    public string Coordinator { get; init; } = "";

    /// <summary>Placement of the current or last epoch.</summary>
    public Placement? Placement { get; init; }

    /// <summary>Live nodes by incarnation.</summary>
    public ImmutableSortedDictionary<string, NodeIdentity> Members { get; init; } = ImmutableSortedDictionary<string, NodeIdentity>.Empty;

    /// <summary>Participants lost since the epoch began: their loss is told by several events and counts once.</summary>
    public ImmutableSortedSet<string> Lost { get; init; } = [];

    /// <summary>What the participants were last told to do; null when nothing is outstanding.</summary>
    public IControlMessage? Order { get; init; }

    /// <summary>Nodes that came while the run was under way and take no part in it yet, by incarnation.</summary>
    public ImmutableSortedDictionary<string, JoinerStage> Joiners { get; init; } = ImmutableSortedDictionary<string, JoinerStage>.Empty;

    /// <summary>Participants that the run has lost, by name.</summary>
    public ImmutableSortedDictionary<string, int> Losses { get; init; } = ImmutableSortedDictionary<string, int>.Empty;

    /// <summary>The epoch that is about to begin is a change that was wanted, not a recovery.</summary>
    public bool Planned { get; init; }

    /// <summary>Ticks since the last input that changed anything.</summary>
    public int QuietTicks { get; init; }

    /// <summary>What nodes say of a step that takes too long; null while none does.</summary>
    public StuckInquiry? Inquiry { get; init; }

    /// <summary>By node incarnation: <see cref="NodeProgress.Moves"/> when it was asked last about an evaluation that had not ended.</summary>
    public ImmutableSortedDictionary<string, long> Moves { get; init; } = ImmutableSortedDictionary<string, long>.Empty;

    /// <summary>Answers to the current preparation.</summary>
    public ImmutableSortedDictionary<string, EpochPrepared> Ready { get; init; } = ImmutableSortedDictionary<string, EpochPrepared>.Empty;

    /// <summary>Completed steps, = the step being computed.</summary>
    public long Step { get; init; }

    /// <summary>Reports of the step being computed.</summary>
    public ImmutableSortedDictionary<string, StepReport> Reports { get; init; } = ImmutableSortedDictionary<string, StepReport>.Empty;

    /// <summary>Nodes that have applied the held step.</summary>
    public ImmutableSortedSet<string> Applied { get; init; } = [];

    /// <summary>Parts of the running evaluation.</summary>
    public ImmutableSortedDictionary<string, EvaluationReport> Evaluations { get; init; } = ImmutableSortedDictionary<string, EvaluationReport>.Empty;

    /// <summary>Checkpoints being written, by step.</summary>
    public ImmutableSortedDictionary<long, PendingCheckpoint> Pending { get; init; } = ImmutableSortedDictionary<long, PendingCheckpoint>.Empty;

    /// <summary>Completed steps of the newest published checkpoint; 0 = none, the seed stands for it.</summary>
    public long NewestCheckpoint { get; init; }

    /// <summary>Published checkpoints by step: what recovery chooses from.</summary>
    public ImmutableSortedDictionary<long, CheckpointFacts> Published { get; init; } = ImmutableSortedDictionary<long, CheckpointFacts>.Empty;

    /// <summary>By node incarnation, (ordinal of the MoE layer, expert): version of its snapshot in memory.</summary>
    public ImmutableDictionary<string, ImmutableDictionary<(int Layer, int Expert), ExpertVersion>> Vaults { get; init; } =
        ImmutableDictionary<string, ImmutableDictionary<(int Layer, int Expert), ExpertVersion>>.Empty;

    /// <summary>What could not be restored: never tried again.</summary>
    public ImmutableList<DamagedState> Damaged { get; init; } = [];

    /// <summary>Where the epoch in preparation restores from.</summary>
    public RestorePlan? Plan { get; init; }

    /// <summary>Tokens that the experts' state has learned from or lost; null in a run with full checkpoints, which loses none.</summary>
    public PltLedger? Plt { get; init; }

    /// <summary>Experts of a layer snapshotted at a partial checkpoint; grows by Dynamic-K.</summary>
    public int KSnapshot { get; init; }

    /// <summary>Experts of a layer persisted at a partial checkpoint.</summary>
    public int KPersist { get; init; }

    /// <summary>Computing time a rank of the newest steps of the epoch, ms, by node incarnation.</summary>
    public ImmutableSortedDictionary<string, ImmutableList<double>> Paces { get; init; } = ImmutableSortedDictionary<string, ImmutableList<double>>.Empty;

    /// <summary>The slow node that people were told of in this epoch; null = none.</summary>
    public string? Slow { get; init; }

    /// <summary>What the run has measured of itself.</summary>
    public RunMeasurements Measured { get; init; } = RunMeasurements.None;

    /// <summary>Recoveries so far.</summary>
    public int Recoveries { get; init; }

    /// <summary>Samples of the surviving history (DA-1).</summary>
    public SampleLedger Ledger { get; init; } = SampleLedger.Empty(1);

    /// <summary>Samples of the newest checkpoint's history.</summary>
    public SampleLedger CheckpointLedger { get; init; } = SampleLedger.Empty(1);

    /// <summary>Skipped steps in a row.</summary>
    public int SkipsInARow { get; init; }

    /// <summary>Actor failures since the furthest step was completed, oldest first.</summary>
    public ImmutableList<ActorFailure> Failures { get; init; } = [];

    /// <summary>Ranks whose actors are all restarted with the next epoch.</summary>
    public ImmutableSortedSet<int> Fresh { get; init; } = [];

    /// <summary>The next epoch waits: actors failed again and again.</summary>
    public bool BackingOff { get; init; }

    /// <summary>The survey before the next epoch; null when none is under way.</summary>
    public Survey? Survey { get; init; }

    /// <summary>The update that led to <see cref="Step"/>; null where this coordinator did not decide it.</summary>
    public DecidedUpdate? LastUpdate { get; init; }

    /// <summary>Read from the journal: what was decided last, the nodes know better.</summary>
    public bool TakenOver { get; init; }

    /// <summary>Steps that were skipped because something was not finite, of any history: the same in all of them (DT-1).</summary>
    public ImmutableSortedSet<long> Skipped { get; init; } = [];

    /// <summary>Completed steps of the newest validation loss; -1 = none.</summary>
    public long Validated { get; init; } = -1;

    /// <summary>Completed steps of the furthest decision so far, those that a recovery took back included.</summary>
    public long Furthest { get; init; }

    /// <summary>Epoch in which this run was submitted: what belongs to it or an older one belongs to a run before.</summary>
    public int EpochBefore { get; init; }

    /// <summary>Why the run shall stop; null = go on.</summary>
    public string? StopReason { get; init; }

    /// <summary>The grace time for a replacement is over: go on with fewer nodes.</summary>
    public bool GraceOver { get; init; }

    /// <summary>Incarnations of nodes that have been ready for an epoch of this run: they have opened it and hold state.</summary>
    public ImmutableSortedSet<string> Opened { get; init; } = [];

    /// <summary>Why the last node that was refused cannot take part; null = none was.</summary>
    public RunFailure? Refusal { get; init; }

    /// <summary>The run ends for this once what the nodes hold is saved; null = it goes on.</summary>
    public RunFailure? Failure { get; init; }

    /// <summary>What kind of failure ended it; none while it lives, and where it did not fail.</summary>
    public FailureCause Cause { get; init; }

    /// <summary>How it ended; empty while it lives.</summary>
    public string Outcome { get; init; } = "";

    /// <summary>Members that hold a logical rank in the current epoch, in node-index order.</summary>
    public IReadOnlyList<NodeIdentity> Participants => Placement?.Nodes ?? [];

    /// <summary>Nodes whose loss ends what is under way: those of the survey, else the participants.</summary>
    public IReadOnlyList<NodeIdentity> Involved => Survey?.Placement.Nodes ?? Participants;

    /// <summary>Nodes the run wants: the spec's, at most one per rank.</summary>
    public int WantedNodes => Spec is null ? 0 : Math.Min(Spec.Nodes, Spec.Layout.Ranks);
}
