using MoeActors.Actors.Exchange;
using MoeActors.Compute.Routing;

namespace MoeActors.Actors.Tests.Clusters;

/// <summary>Makes an actor of a test cluster fail in the middle of given steps: a message that no peer of the same version sends, told while a chunk of rank 1 is computed.</summary>
internal sealed class Sabotage(string actor, params IEnumerable<long> steps)
{
    private readonly HashSet<long> left = [.. steps];
    private TestCluster? cluster;

    /// <summary>The cluster's trace, which must be given at its creation.</summary>
    public void Trace(int epoch, long step, int layer, ChunkKey key)
    {
        if (layer != 0 || key is not { Micro: 0, Source: 1 } || cluster is null)
        {
            return;
        }

        lock (left)
        {
            if (!left.Remove(step))
            {
                return;
            }
        }

        cluster.TellDeviceActor(actor, new Ticket(
            new FrameHeader { Epoch = epoch, Step = step, Purpose = (Purpose)99, Source = new Endpoint(EndpointKind.Rank, 0, 0).Packed, ChunkCount = 1 }, [], null));
    }

    /// <summary>Faults happen from now on.</summary>
    public void Arm(TestCluster target) => cluster = target;
}
