using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Cluster.Placements;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>Something the run coordinator must react to.</summary>
internal abstract record CoordinatorInput
{
    /// <summary>A run was submitted (or resumed).</summary>
    public sealed record Submitted(RunSpec Spec, string RunFolder, long NewestCheckpoint, SampleLedger Ledger, string Command) : CoordinatorInput
    {
        /// <summary>Newest epoch the run's folder knows of: the run's epochs go on growing from there, whatever journal it is resumed with.</summary>
        public int FolderEpoch { get; init; }

        /// <summary>Fencing token the run's folder was opened with.</summary>
        public long Fence { get; init; }

        /// <summary>The folder's published checkpoints.</summary>
        public IReadOnlyList<CheckpointFacts> Points { get; init; } = [];
    }

    /// <summary>A node said hello.</summary>
    public sealed record NodeUp(NodeIdentity Node) : CoordinatorInput;

    /// <summary>A node is gone: downed on proof of death, removed, or left.</summary>
    public sealed record NodeLost(string Incarnation, string Reason) : CoordinatorInput;

    /// <summary>A node that came while a run is under way has stayed for the settling time.</summary>
    public sealed record Settled(string Incarnation) : CoordinatorInput;

    /// <summary>A node is ready to take part in the run, or cannot.</summary>
    public sealed record JoinerReady(NodeReady Message) : CoordinatorInput;

    /// <summary>A node said what state it holds.</summary>
    public sealed record Held(Holdings Message) : CoordinatorInput;

    /// <summary>A node is ready for the epoch, or not.</summary>
    public sealed record Prepared(EpochPrepared Message) : CoordinatorInput;

    /// <summary>A node's gradients are reduced.</summary>
    public sealed record Reported(StepReport Message) : CoordinatorInput;

    /// <summary>A node has applied a held step.</summary>
    public sealed record Applied(StepApplied Message) : CoordinatorInput;

    /// <summary>A node said what it computes at a step that takes too long.</summary>
    public sealed record Progressed(NodeProgress Message) : CoordinatorInput;

    /// <summary>A node's part of an evaluation.</summary>
    public sealed record Evaluated(EvaluationReport Message) : CoordinatorInput;

    /// <summary>A node's part of a checkpoint is durable.</summary>
    public sealed record Persisted(SnapshotPersisted Message) : CoordinatorInput;

    /// <summary>A manifest is published (CK-1).</summary>
    public sealed record Published(PendingCheckpoint Checkpoint, long Bytes) : CoordinatorInput
    {
        /// <summary>Steps of the checkpoints that retention has left; empty = all.</summary>
        public IReadOnlyList<long> Kept { get; init; } = [];
    }

    /// <summary>A manifest could not be published.</summary>
    public sealed record PublishFailed(long Step, int Epoch, string Reason) : CoordinatorInput;

    /// <summary>An actor failed in a sound process.</summary>
    public sealed record ActorFailed(NodeFault Message) : CoordinatorInput;

    /// <summary>Someone asked to stop.</summary>
    public sealed record StopAsked(string Reason) : CoordinatorInput;

    /// <summary>The time to wait for a replacement of <paramref name="Epoch"/>'s lost nodes is over.</summary>
    public sealed record GraceOver(int Epoch) : CoordinatorInput;

    /// <summary>The pause after the failures of <paramref name="Epoch"/> is over.</summary>
    public sealed record PauseOver(int Epoch) : CoordinatorInput;

    /// <summary>Some time has passed: what nobody has answered meanwhile is said again.</summary>
    public sealed record Tick : CoordinatorInput;
}

/// <summary>Something the coordinator's shell must carry out, in the order given.</summary>
internal abstract record CoordinatorEffect
{
    /// <summary>Send a message to one node.</summary>
    public sealed record Tell(NodeIdentity Node, IControlMessage Message) : CoordinatorEffect;

    /// <summary>Persist before any effect after this one happens.</summary>
    public sealed record Journal(JournalEntry Entry) : CoordinatorEffect;

    /// <summary>Check and publish the manifest of a checkpoint whose parts are all durable.</summary>
    public sealed record Publish(PendingCheckpoint Checkpoint) : CoordinatorEffect;

    /// <summary>Wait for a replacement no longer than the configured grace.</summary>
    public sealed record StartGrace(int Epoch) : CoordinatorEffect;

    /// <summary>Look whether a node stays: <paramref name="Times"/> times the settling time.</summary>
    public sealed record StartSettling(string Incarnation, int Times) : CoordinatorEffect;

    /// <summary>Let some time pass before the next epoch.</summary>
    public sealed record StartBackoff(int Epoch, TimeSpan Pause) : CoordinatorEffect;

    /// <summary>A step is decided: write it down.</summary>
    public sealed record RecordStep(DecidedStep Step) : CoordinatorEffect;

    /// <summary>A validation loss is known.</summary>
    public sealed record RecordValidation(long Step, double Loss) : CoordinatorEffect;

    /// <summary>A checkpoint is missing.</summary>
    public sealed record RecordFailedCheckpoint(long Step) : CoordinatorEffect;

    /// <summary>Say something to people and the log.</summary>
    public sealed record Note(string Text) : CoordinatorEffect;

    /// <summary>The run's record has changed by a choice that is made once: write it down.</summary>
    public sealed record RecordSpec(RunSpec Spec) : CoordinatorEffect;

    /// <summary>The cluster shall do without a node that does not answer.</summary>
    public sealed record Down(NodeIdentity Node) : CoordinatorEffect;

    /// <summary>A node or actor failed: a fault's clock starts.</summary>
    /// <param name="Target">Node, or node/actor.</param>
    /// <param name="Kind">"node-lost", "node-hung", "step-stuck", "actor-failed", "checkpoint-failed" or "silent-corruption".</param>
    /// <param name="Reason">In words.</param>
    /// <param name="AtStep">Steps completed when it happened.</param>
    /// <param name="Incarnation">Incarnation of the lost node, whose flight recorder names the phase; empty for an actor.</param>
    public sealed record FaultDetected(string Target, string Kind, string Reason, long AtStep, string Incarnation = "") : CoordinatorEffect;

    /// <summary>Recovery is decided: a new epoch begins.</summary>
    public sealed record EpochDecided(int Epoch, long RestoreStep, Placement Placement) : CoordinatorEffect;

    /// <summary>All nodes are ready.</summary>
    public sealed record EpochReady(int Epoch, double FetchMs, double RestoreMs, IReadOnlyDictionary<string, EpochPrepared> Nodes) : CoordinatorEffect
    {
        /// <summary>Where the state came from.</summary>
        public string Rung { get; init; } = "";

        /// <summary>Why from there, in words.</summary>
        public string Reason { get; init; } = "";

        /// <summary>PLT this recovery cost, a share.</summary>
        public double Plt { get; init; }
    }

    /// <summary>The run is over.</summary>
    public sealed record Ended(string Outcome) : CoordinatorEffect;
}

/// <summary>Numbers of one decided step (ST-1), summed in canonical order (DT-1).</summary>
/// <param name="Step">The step, from 0.</param>
/// <param name="Epoch">Epoch it was computed in.</param>
/// <param name="Loss">Mean cross-entropy over all its tokens, nats.</param>
/// <param name="Tokens">Tokens of the global batch.</param>
/// <param name="GradientNorm">Global norm over all units, before clipping.</param>
/// <param name="LearningRate">Learning rate of its update.</param>
/// <param name="Losses">Auxiliary losses by name, without their coefficients: mean over ranks and micro-batches, summed over MoE layers.</param>
/// <param name="Dropped">(token, choice) pairs dropped by capacity.</param>
/// <param name="Skipped">Loss or norm is not finite: no weight changes.</param>
/// <param name="ExposedMs">Longest time a node's compute thread had nothing to compute.</param>
/// <param name="SnapshotStallMs">Longest time a node stood still for a checkpoint, in the step before.</param>
/// <param name="SlowestRank">Logical rank that computed longest.</param>
public sealed record DecidedStep(
    long Step,
    int Epoch,
    double Loss,
    long Tokens,
    double GradientNorm,
    double LearningRate,
    IReadOnlyDictionary<string, double> Losses,
    long Dropped,
    bool Skipped,
    double ExposedMs,
    double SnapshotStallMs,
    int SlowestRank)
{
    /// <summary>PLT of the run after it, a share; null in a run without partial checkpoints.</summary>
    public double? Plt { get; init; }

    /// <summary>Choices that each target got (the experts first), by ordinal of the MoE layer and target, over all ranks and micro-batches; drops not counted.</summary>
    public IReadOnlyList<long[]> Load { get; init; } = [];

    /// <summary>T_F&amp;B of the slowest node: from the step's beginning to its last reduced gradient, ms; 0 = not measured.</summary>
    public double ForwardBackwardMs { get; init; }

    /// <summary>Whole time of the step before on the slowest node, less its stall for a checkpoint, ms; 0 = not measured.</summary>
    public double PreviousMs { get; init; }
}
