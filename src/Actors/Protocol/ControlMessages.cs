namespace MoeActors.Actors.Protocol;

/// <summary>A message of the control plane: small, versioned, MessagePack on the wire.</summary>
public interface IControlMessage;

/// <summary>Node → coordinator: here I am. Repeated until the coordinator that is in charge has answered.</summary>
internal sealed record NodeHello(NodeIdentity Node) : IControlMessage;

/// <summary>Coordinator → node: known under this coordinator's fencing token, or refused for a reason.</summary>
/// <param name="Fence">Fencing token of the coordinator in charge.</param>
/// <param name="Refusal">Why the node may not take part, ready for people; null when it may. A refused node ends.</param>
internal sealed record HelloAnswer(long Fence, string? Refusal) : IControlMessage;

/// <summary>
/// Coordinator → node: a new epoch (EP-1). Stop what belongs to older ones, take the units the placement gives you, restore them at
/// <paramref name="RestoreStep"/>, connect to the peers, answer <see cref="EpochPrepared"/>.
/// </summary>
/// <param name="RunKey">Hash of the run's record.</param>
/// <param name="Epoch">The epoch.</param>
/// <param name="SpecJson">The run's record.</param>
/// <param name="RunFolder">Folder of the run, on storage every node sees.</param>
/// <param name="Nodes">The members, in node-index order.</param>
/// <param name="NodeOfRank">Node index of each logical rank.</param>
/// <param name="RestoreStep">Completed steps to go on from; 0 = from the seed.</param>
/// <param name="Fence">Fencing token of the coordinator.</param>
/// <param name="Restore">Experts that are not taken from the checkpoint of <paramref name="RestoreStep"/> as it is: their rung of the recovery ladder. Empty in exact recovery.</param>
/// <param name="Sources">By unit: who holds its state of <paramref name="RestoreStep"/> in memory. Empty: from the checkpoint, unless all of a node's units are there already.</param>
/// <param name="Redo">The decision that made the recovery point, for who has not carried it out; null where none is known.</param>
/// <param name="Save">What to snapshot of the restored state, where a checkpoint of it was due and is lost; null = nothing.</param>
/// <param name="Fresh">Logical ranks whose actors are all created anew.</param>
internal sealed record PrepareEpoch(
    ulong RunKey,
    int Epoch,
    string SpecJson,
    string RunFolder,
    IReadOnlyList<NodeIdentity> Nodes,
    IReadOnlyList<int> NodeOfRank,
    long RestoreStep,
    long Fence,
    IReadOnlyList<RestoreItem> Restore,
    IReadOnlyList<UnitSource> Sources,
    DecidedUpdate? Redo,
    CheckpointOrder? Save,
    IReadOnlyList<int> Fresh) : IControlMessage
{
    /// <summary>From the checkpoint of <paramref name="restoreStep"/>, or the seed.</summary>
    public PrepareEpoch(
        ulong runKey, int epoch, string specJson, string runFolder, IReadOnlyList<NodeIdentity> nodes, IReadOnlyList<int> nodeOfRank, long restoreStep, long fence, IReadOnlyList<RestoreItem> restore)
        : this(runKey, epoch, specJson, runFolder, nodes, nodeOfRank, restoreStep, fence, restore, [], null, null, [])
    {
    }
}

/// <summary>Where a unit's state comes from, best first.</summary>
public enum RestoreRung
{
    /// <summary>It is there: the actor's own live state is of the recovery point.</summary>
    Live,

    /// <summary>The node's own snapshot in memory.</summary>
    Vault,

    /// <summary>The newest version in storage.</summary>
    Storage,

    /// <summary>An older verified version in storage: the newest is damaged.</summary>
    OlderStorage,

    /// <summary>The copy in a peer's memory, which was brought to the recovery point by the same gradients.</summary>
    Peer,
}

/// <summary>One expert's rung (RC-1: no version is newer than the recovery point).</summary>
/// <param name="Layer">Ordinal of the MoE layer.</param>
/// <param name="Expert">Expert of the layer.</param>
/// <param name="Rung">Vault, or OlderStorage.</param>
/// <param name="Manifest">Step of the manifest whose entries hold it; 0 for the vault.</param>
/// <param name="Parameters">Step its parameters are of.</param>
/// <param name="Moments">Step its moments are of.</param>
internal sealed record RestoreItem(int Layer, int Expert, RestoreRung Rung, long Manifest, long Parameters, long Moments);

/// <summary>Something of a recovery point that turned out not to be there, or not as it was written.</summary>
/// <param name="Rung">Where it was looked for: Vault or Storage.</param>
/// <param name="Layer">Ordinal of the MoE layer; -1 for the dense part.</param>
/// <param name="Expert">Expert; -1 for the dense part.</param>
/// <param name="Step">Recovery point it was needed for.</param>
/// <param name="Reason">One sentence that names file and tensor.</param>
public sealed record DamagedState(RestoreRung Rung, int Layer, int Expert, long Step, string Reason);

/// <summary>What a checkpoint saves.</summary>
/// <param name="Complete">Everything; the lists are then empty.</param>
/// <param name="Snapshot">By ordinal of the MoE layer: experts copied to the node's memory.</param>
/// <param name="Persist">By ordinal of the MoE layer: those of them that go on to storage.</param>
public sealed record CheckpointOrder(bool Complete, IReadOnlyList<IReadOnlyList<int>> Snapshot, IReadOnlyList<IReadOnlyList<int>> Persist)
{
    /// <summary>Everything.</summary>
    public static CheckpointOrder All { get; } = new(true, [], []);
}

/// <summary>Identity of one actor in this epoch: survivors keep theirs through a recovery.</summary>
/// <param name="Name">"rank-2", "expert-shard-1-2".</param>
/// <param name="Incarnation">Random number drawn when the actor was created.</param>
public sealed record ActorIncarnation(string Name, long Incarnation);

/// <summary>Node → coordinator: ready for the epoch, or not and why.</summary>
/// <param name="Epoch">The epoch.</param>
/// <param name="Node">Incarnation of the node.</param>
/// <param name="Error">Why not; null when ready.</param>
/// <param name="FetchMs">Time spent reading state.</param>
/// <param name="RestoreMs">Time spent putting state in place, reading excluded.</param>
/// <param name="Actors">The node's actors.</param>
/// <param name="Live">The node's state was at the recovery point already: nothing was restored.</param>
/// <param name="Damaged">What could not be restored: the coordinator tries the next rung in another epoch. Empty when ready.</param>
/// <param name="Cause">What kind of thing <paramref name="Error"/> is about.</param>
public sealed record EpochPrepared(
    int Epoch, string Node, string? Error, double FetchMs, double RestoreMs, IReadOnlyList<ActorIncarnation> Actors, bool Live, IReadOnlyList<DamagedState> Damaged,
    FailureCause Cause = FailureCause.None) : IControlMessage
{
    /// <summary>Ready, with all of it restored.</summary>
    public EpochPrepared(int epoch, string node, string? error, double fetchMs, double restoreMs, IReadOnlyList<ActorIncarnation> actors)
        : this(epoch, node, error, fetchMs, restoreMs, actors, false, [])
    {
    }
}

/// <summary>Coordinator → node: stop computing in this epoch; its messages change nothing any more (EP-1).</summary>
internal sealed record AbortEpoch(int Epoch, string Reason) : IControlMessage;

/// <summary>Coordinator → node: begin with <paramref name="Step"/> and go on by yourselves as decisions come.</summary>
internal sealed record StartSteps(int Epoch, long Step) : IControlMessage;

/// <summary>What one logical rank computed in a step.</summary>
/// <param name="Rank">Logical rank.</param>
/// <param name="CrossEntropySum">Sum of the token losses (nats).</param>
/// <param name="Tokens">Tokens of the sum.</param>
/// <param name="Losses">Auxiliary losses by name, without their coefficients: mean over micro-batches, summed over layers.</param>
/// <param name="Dropped">(token, slot) pairs dropped by capacity.</param>
/// <param name="ComputeMs">Time spent computing.</param>
/// <param name="ExposedMs">Time spent waiting for others' chunks with nothing to compute.</param>
/// <param name="Routed">Choices of each target, MoE layer by MoE layer, before drops.</param>
internal sealed record RankReport(
    int Rank, double CrossEntropySum, long Tokens, IReadOnlyList<NamedLoss> Losses, long Dropped, double ComputeMs, double ExposedMs, IReadOnlyList<int> Routed)
{
    /// <summary>Without routed tokens and what routers say.</summary>
    public RankReport(int rank, double crossEntropySum, long tokens, double computeMs = 0, double exposedMs = 0)
        : this(rank, crossEntropySum, tokens, [], 0, computeMs, exposedMs, [])
    {
    }
}

/// <summary>An auxiliary loss.</summary>
/// <param name="Name">Its name in the catalogue of the sender.</param>
/// <param name="Value">Its value.</param>
internal sealed record NamedLoss(string Name, double Value);

/// <summary>Squared norm of one unit's reduced gradient.</summary>
/// <param name="Unit">Ordinal in the run's unit order.</param>
/// <param name="SquaredNorm">Squared norm; NaN or infinite when the gradient is.</param>
internal sealed record UnitReport(int Unit, double SquaredNorm);

/// <summary>Node → coordinator: all gradients of my units are reduced (ST-1). The coordinator decides when every participant's report is in.</summary>
/// <param name="Epoch">The epoch.</param>
/// <param name="Step">The step, from 0.</param>
/// <param name="Node">Incarnation of the node.</param>
/// <param name="Ranks">What its logical ranks computed.</param>
/// <param name="Units">Squared norms of its units' reduced gradients.</param>
/// <param name="SnapshotStallMs">Time computing stood still for a checkpoint in the step before this one: the start of the copy, and what of it was not done at the update; 0 without.</param>
/// <param name="ForwardBackwardMs">T_F&amp;B: from the step's beginning to its last reduced gradient; a snapshot hides in it. 0 = not measured.</param>
/// <param name="IterationMs">T_iter of the step before: from its beginning to its new weights, less <paramref name="SnapshotStallMs"/>; 0 where none of the epoch went before.</param>
internal sealed record StepReport(
    int Epoch, long Step, string Node, IReadOnlyList<RankReport> Ranks, IReadOnlyList<UnitReport> Units, double SnapshotStallMs, double ForwardBackwardMs = 0,
    double IterationMs = 0) : IControlMessage;

/// <summary>What follows the update of a decided step.</summary>
public enum AfterStep
{
    /// <summary>The next step begins as soon as its weights are there.</summary>
    Continue,

    /// <summary>Say <see cref="StepApplied"/> and wait.</summary>
    Hold,
}

/// <summary>Coordinator → node: step s is decided (ST-1) and is rolled forward everywhere.</summary>
/// <param name="Epoch">The epoch.</param>
/// <param name="Step">The step.</param>
/// <param name="Skip">True: a gradient was not finite; no weight changes.</param>
/// <param name="GradientScale">Factor of the clipping by the global norm.</param>
/// <param name="LearningRate">Learning rate of this step.</param>
/// <param name="Checkpoint">What to snapshot of the state after the update; null = nothing.</param>
/// <param name="After">What follows.</param>
/// <param name="Committed">Newest published checkpoint: snapshots older than the newest of that step or before are needed by nobody.</param>
internal sealed record StepDecision(
    int Epoch, long Step, bool Skip, double GradientScale, double LearningRate, CheckpointOrder? Checkpoint, AfterStep After, long Committed) : IControlMessage
{
    /// <summary><see cref="DecidedUpdate.Load"/>.</summary>
    public IReadOnlyList<long[]> Load { get; init; } = [];

    /// <summary>The update it decides.</summary>
    public DecidedUpdate Update => new(Step, Skip, GradientScale, LearningRate) { Load = Load };
}

/// <summary>Node → coordinator: the update of a step with <see cref="AfterStep.Hold"/> is done.</summary>
internal sealed record StepApplied(int Epoch, long Step, string Node) : IControlMessage;

/// <summary>Coordinator → node: step s takes too long; what do you compute?</summary>
/// <param name="Epoch">The epoch.</param>
/// <param name="Step">The step.</param>
internal sealed record AskProgress(int Epoch, long Step) : IControlMessage;

/// <summary>Node → coordinator: the answer to <see cref="AskProgress"/>, given without the compute thread.</summary>
/// <param name="Epoch">The epoch asked about.</param>
/// <param name="Step">The step asked about.</param>
/// <param name="Node">Incarnation of the node.</param>
/// <param name="LaneBusyMs">How long the piece of work in hand of its compute thread has been running; 0 = it waits for messages.</param>
/// <param name="Doing">What its compute thread did last, in a word.</param>
/// <param name="Moves">How often its compute thread has begun something since the process began: the same number twice, and it waits.</param>
internal sealed record NodeProgress(int Epoch, long Step, string Node, double LaneBusyMs, string Doing, long Moves) : IControlMessage;

/// <summary>Coordinator → node: compute the validation loss of the state after <paramref name="Step"/> completed steps.</summary>
/// <param name="Epoch">The epoch.</param>
/// <param name="Step">Completed steps.</param>
/// <param name="MaxSequences">Most sequences; 0 = all.</param>
internal sealed record EvaluateState(int Epoch, long Step, long MaxSequences) : IControlMessage;

/// <summary>Node → coordinator: validation sums of my ranks, in rank order.</summary>
internal sealed record EvaluationReport(int Epoch, long Step, string Node, IReadOnlyList<RankReport> Ranks) : IControlMessage;

/// <summary>Node → coordinator: all my units' state after <paramref name="Step"/> steps is durable.</summary>
/// <param name="Epoch">Epoch in which the snapshot was taken.</param>
/// <param name="Step">Completed steps.</param>
/// <param name="Node">Incarnation of the node.</param>
/// <param name="EntriesJson">The checkpoint entries, JSON.</param>
/// <param name="Bytes">Bytes written.</param>
/// <param name="PersistMs">Time from the first write to the last fsync.</param>
/// <param name="SnapshotMs">Time from the update to the last copied byte, beside training.</param>
/// <param name="Error">Why not; null when durable.</param>
internal sealed record SnapshotPersisted(
    int Epoch, long Step, string Node, string EntriesJson, long Bytes, double PersistMs, double SnapshotMs, string? Error) : IControlMessage;

/// <summary>Coordinator → node: is your part of the checkpoint of <paramref name="Step"/> durable? Answered by <see cref="SnapshotPersisted"/> once it is.</summary>
/// <param name="Epoch">Epoch in which the snapshot was taken.</param>
/// <param name="Step">Completed steps.</param>
internal sealed record AskPersisted(int Epoch, long Step) : IControlMessage;

/// <summary>Node → coordinator: an actor of mine failed; the process is sound. The actor is restarted alone, the epoch ends (RC-2).</summary>
/// <param name="Epoch">Epoch in which it failed.</param>
/// <param name="Node">Incarnation of the node.</param>
/// <param name="Actor">Name of the actor, or "exchange" when peers of the epoch could not be reached.</param>
/// <param name="Reason">The exception's message.</param>
/// <param name="Cause">What kind of thing failed; none where it is nothing of the node's own.</param>
internal sealed record NodeFault(int Epoch, string Node, string Actor, string Reason, FailureCause Cause = FailureCause.None) : IControlMessage;

/// <summary>Coordinator → node: end your process; its actors fail again and again, or it hangs. Another takes its place.</summary>
/// <param name="Fence">Fencing token of the coordinator.</param>
/// <param name="Reason">Why.</param>
internal sealed record EndNode(long Fence, string Reason) : IControlMessage;

/// <summary>Coordinator → node: the run is over; free its state.</summary>
/// <param name="Epoch">The last epoch.</param>
/// <param name="Outcome">"completed", "stopped" or "failed: …".</param>
internal sealed record EndRun(int Epoch, string Outcome) : IControlMessage;

/// <summary>One entry of the run coordinator's journal.</summary>
/// <param name="Kind">Name of the entry's type.</param>
/// <param name="Json">Its content.</param>
/// <param name="Checksum">Of kind and content; empty in entries of builds that wrote none.</param>
internal sealed record CoordinatorEntry(string Kind, string Json, string Checksum = "") : IControlMessage;
