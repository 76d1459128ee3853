using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Exchange;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.Replication;
using MoeActors.Actors.State;
using MoeActors.Actors.Training;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Retention;
using MoeActors.Compute.Checkpoints.Storage;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>
/// Where the simulator asks the product to decide. Each member hands the question on; a mutation (<see cref="SimMutations"/>) answers it wrong, to see that the simulator notices.
/// The product itself has no such switches.
/// </summary>
internal class SimSeams
{
    /// <summary>Whether a sync of a file reaches the disk.</summary>
    public virtual bool SyncsFiles => true;

    /// <summary>Whether an actor lets go of its reduced gradient once it is applied.</summary>
    public virtual bool ForgetsReduced => true;

    /// <summary>Whether a vault lets go of snapshots newer than the recovery point.</summary>
    public virtual bool ForgetsNewer => true;

    public virtual (CoordinatorState State, IReadOnlyList<CoordinatorEffect> Effects) Step(CoordinatorState state, CoordinatorInput input) => CoordinatorMachine.Step(state, input);

    public virtual CoordinatorState Adopt(CoordinatorState state, RecoveryPoints points) => Takeover.Adopt(state, points);

    /// <summary>Time until a checkpoint whose parts are complete is published, as drawn.</summary>
    public virtual long PublishingTakes(long drawn) => drawn;

    public virtual void RaiseFence(CheckpointStore store, long token, string owner) => store.RaiseFence(token, owner);

    public virtual bool Admits(OrderFence fence, long token) => fence.Admits(token);

    public virtual void Close(EpochGate gate) => gate.Close();

    public virtual bool IsNew(StepProgress progress, StepDecision decision) => progress.Decide(decision);

    /// <summary>The update of a decided step, in place.</summary>
    public virtual void Update(SimUnit unit, DecidedUpdate decided, Action pass) => UnitUpdate.InPlace(unit, decided, pass);

    /// <summary>The update that a unit missed, when the next epoch begins.</summary>
    public virtual void RollForward(SimUnit unit, DecidedUpdate redo, Action pass) => UnitUpdate.InPlace(unit, redo, pass);

    /// <summary>The update of the copy of a unit, with the gradient that came for it.</summary>
    public virtual void UpdateCopy(SimCopy copy, DecidedUpdate decided)
    {
        if (copy.Advance() is { } gradient)
        {
            copy.Content.Pass(decided, gradient);
        }
    }

    /// <summary>Whether the copies held here suffice for a step to be reported.</summary>
    public virtual bool Cover(ReplicaSet<SimCopy> copies, long step) => copies.Cover(step);

    /// <summary>What another node's question for state is answered from.</summary>
    public virtual IHeldState? Source(IHeldState? live, IHeldState? copy, long step, bool weights) => FetchProgress.Source(live, copy, step, weights);

    /// <summary>How long a connection or a piece of state is waited for.</summary>
    public virtual long Patience => 10 * SimClock.Second;

    /// <summary>Whether a checkpoint writer that fails says so.</summary>
    public virtual bool TellsOfFailure => true;

    /// <summary>Whether a snapshot in memory is compared with what it was when it was taken.</summary>
    public virtual bool VerifiesSnapshots => true;

    /// <summary>Whether a process whose lane is held too long ends itself.</summary>
    public virtual bool WatchesLane => true;

    /// <summary>A shard's reduced gradient: of the parts by rank, whatever the order they came in (DT-1).</summary>
    public virtual ulong Sum(ReadOnlySpan<ulong> inOrder, IReadOnlyList<ulong> asTheyCame) => Mix.Of(inOrder);

    /// <summary>What is wrong with a frame that arrives.</summary>
    public virtual string? Fault(in FrameHeader header, uint expected) => FrameRules.Fault(in header, expected, 1 << 20);

    /// <summary>What a writer says of a write that failed.</summary>
    public virtual string? Said(string? error) => error;

    /// <summary>A state as it is read from storage.</summary>
    public virtual SimState Stored(Func<SimState> read) => read();

    public virtual bool IsCurrent(EpochState state, in FrameHeader header) => state.Is(header.Run, header.Epoch);

    public virtual SimState? FromVault(SimVault vault, SimPart part, long version) => vault.Find(part, version);

    public virtual IReadOnlyList<StoredObject> Listed(string folder, IReadOnlyList<StoredObject> objects) => objects;

    public virtual CommittedCheckpoint Publish(RunSpec spec, CheckpointStore store, RetentionRequest retention, PendingCheckpoint checkpoint) =>
        Publisher.Publish(spec, store, retention, checkpoint, static _ => { }, hashed: -1);
}
