using Akka.Actor;

using MoeActors.Actors.Cluster.Placements;
using MoeActors.Actors.Exchange;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.State;

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
