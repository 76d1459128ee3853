using Akka.Actor;

using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Exchange;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Models;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Training;

/// <summary>What an actor of the device needs to know about the epoch it works in.</summary>
/// <param name="Message">The coordinator's order.</param>
/// <param name="Spec">The run's record.</param>
/// <param name="Self">This node's index.</param>
internal sealed record EpochContext(PrepareEpoch Message, RunSpec Spec, int Self)
{
    public int Epoch => Message.Epoch;

    /// <summary>Who holds copies of whose units.</summary>
    public CopyPlan Copies { get; } = CopyPlacement.Plan(Spec.Copies, Message.Nodes);

    /// <summary>Index of the node that owns a unit.</summary>
    public int NodeOf(UnitId unit) => Message.NodeOfRank[UnitOrder.OwnerRank(Spec.Layout, unit)];

    public ulong RunKey => Message.RunKey;

    public bool IsLocal(int rank) => Message.NodeOfRank[rank] == Self;

    /// <summary>Header of a frame of this epoch; the exchange fills what the payload says.</summary>
    public FrameHeader Frame(Purpose purpose, long step, Endpoint source, Endpoint destination, int micro = 0, int layer = 0, int chunk = 0, int chunkCount = 1) => new()
    {
        Purpose = purpose,
        Run = RunKey,
        Epoch = Epoch,
        Step = step,
        Source = source.Packed,
        Destination = destination.Packed,
        Micro = micro,
        Layer = layer,
        Chunk = chunk,
        ChunkCount = chunkCount,
    };
}

/// <summary>Device → rank: you work in this epoch; forget what belongs to another.</summary>
internal sealed record AttachRank(EpochContext Context, DeviceStore Store, DenseUnit Unit, Compute.Data.BatchReader Batches);

/// <summary>Device → expert shard: you work in this epoch; forget what belongs to another.</summary>
internal sealed record AttachShard(EpochContext Context, ExpertUnit Unit);

/// <summary>Device → rank: compute this step.</summary>
internal sealed record BeginStep(int Epoch, long Step);

/// <summary>Device → rank: compute your part of the validation text after <paramref name="Step"/> steps.</summary>
internal sealed record BeginEvaluation(int Epoch, long Step, long Sequences);

/// <summary>Device → rank or shard: the step is decided.</summary>
/// <param name="Decision">The decision.</param>
/// <param name="Snapshot">What a checkpoint takes of the state after the update; null without.</param>
internal sealed record ApplyDecision(StepDecision Decision, SnapshotPlan? Snapshot);

/// <summary>Device → everyone: drop what you hold; the epoch is aborted.</summary>
internal sealed record Quiesce(int Epoch);

/// <summary>Rank or shard → device: my unit's gradient is reduced.</summary>
internal sealed record UnitReduced(int Epoch, long Step, UnitReport Unit, RankReport? Rank);

/// <summary>Rank or shard → device: my unit's update is done.</summary>
internal sealed record UnitUpdated(int Epoch, long Step, UnitId Unit, double StallMs);

/// <summary>Rank → device: my part of the evaluation.</summary>
internal sealed record RankEvaluated(int Epoch, long Step, RankReport Report);

/// <summary>Actor of the device, told to its parent when created.</summary>
internal sealed record ActorCreated(string Name, long Incarnation, IActorRef Actor);
