using Akka.Actor;

using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.State;
using MoeActors.Compute.Parameters;

namespace MoeActors.Actors.Training;

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
