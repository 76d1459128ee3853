using Akka.Actor;

using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Diagnostics;
using MoeActors.Actors.Exchange;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.State;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Routing;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Training;

/// <summary>What the actors of one node process share.</summary>
internal sealed record NodeServices
{
    /// <summary>Dispatcher that is the compute thread.</summary>
    public const string ComputeDispatcher = "moe.compute-thread";

    /// <summary>Dispatcher with a thread of its own, for blocking storage work.</summary>
    public const string StorageDispatcher = "moe.storage";

    /// <summary>Who this process is.</summary>
    public required NodeIdentity Identity { get; init; }

    /// <summary>Where this node computes.</summary>
    public required TorchSharp.torch.Device Device { get; init; }

    /// <summary>Data plane.</summary>
    public required IExchange Exchange { get; init; }

    /// <summary>The node's clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Flight recorder.</summary>
    public required FlightRecorder Flight { get; init; }

    /// <summary>Snapshots of this node's state in memory.</summary>
    public required SnapshotVault Vault { get; init; }

    /// <summary>Opens the places checkpoints lie in.</summary>
    public required CheckpointPlaces Checkpoints { get; init; }

    /// <summary>Checkpoint writer of this node.</summary>
    public required IActorRef Writer { get; init; }

    /// <summary>What failed writers left behind.</summary>
    public WriterMemory WriterMemory { get; init; } = new();

    /// <summary>Reaches whoever is coordinator now.</summary>
    public required IActorRef CoordinatorProxy { get; init; }

    /// <summary>How long to try to connect to the peers of an epoch.</summary>
    public required TimeSpan ConnectPatience { get; init; }

    /// <summary>
    /// How long state that was asked for may be silent. Whoever has it lives and answers once it is ready itself, however long that takes with a large model: a computing thread that hangs is ended by its watchdog, a connection that
    /// breaks and a piece that is lost are faults of their own. So this is longer than that watchdog's limit.
    /// </summary>
    public required TimeSpan StatePatience { get; init; }

    /// <summary>Throws <see cref="InsufficientMemoryException"/> when this node has no room for its part of a run.</summary>
    public required Action<RunSpec> CheckRoom { get; init; }

    /// <summary>Told of each chunk an expert shard computes; null when nobody asks.</summary>
    public Action<int, long, int, ChunkKey>? Trace { get; init; }

    /// <summary>Told in the middle of each unit's update: (unit, step); null when nobody asks.</summary>
    public Action<UnitId, long>? Updating { get; init; }

    /// <summary>Told before an expert shard computes the gradient of a chunk's rows: (unit, step); null when nobody asks.</summary>
    public Action<UnitId, long>? Returning { get; init; }

    /// <summary>How a unit is brought to the recovery point (ST-1).</summary>
    public Func<UnitState, long, DecidedUpdate?, TrainingSpec, bool> RollForward { get; init; } = State.RollForward.To;

    /// <summary>Incarnation of this process.</summary>
    public string Incarnation => Identity.Incarnation;

    /// <summary>Sends a message to the coordinator in charge.</summary>
    public void TellCoordinator(IControlMessage message) => CoordinatorProxy.Tell(message, ActorRefs.NoSender);
}
