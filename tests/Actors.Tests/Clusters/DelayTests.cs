using System.Collections.Concurrent;

using MoeActors.Actors.Diagnostics;
using MoeActors.Actors.Exchange;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Clusters;

public sealed class DelayTests
{
    /// <summary>The token chunks of one rank in one step are held back, everything else passes.</summary>
    private sealed class HoldBack(int rank, long step) : ILinkFaults
    {
        private readonly uint source = new Endpoint(EndpointKind.Rank, 0, rank).Packed;

        public TimeSpan DelayOf(in FrameHeader header, PeerAddress to) =>
            header.Purpose == Purpose.Dispatch && header.Source == source && header.Step == step && header.Layer == 0 ? TimeSpan.FromSeconds(1) : TimeSpan.Zero;
    }

    /// <summary>State for the copies on the first node is on its way for a time in which that node looks again.</summary>
    private sealed class LateState : ILinkFaults
    {
        private int seen;

        public MovedClock Clock { get; } = new();

        public int Seen => seen;

        public TimeSpan DelayOf(in FrameHeader header, PeerAddress to)
        {
            if (header.Purpose != Purpose.StatePiece || Endpoint.FromPacked(header.Destination).Rank != 0)
            {
                return TimeSpan.Zero;
            }

            if (Interlocked.Increment(ref seen) == 1)
            {
                Clock.Lose(TimeSpan.FromMinutes(1));
            }

            return TimeSpan.FromMilliseconds(400);
        }
    }

    [Fact]
    public async Task Messages_delayed_at_random_change_no_bit()
    {
        await using var cluster = new TestCluster { LinkFaults = new SeededDelays(seed: 11, maxMs: 15) };
        await cluster.AddNodesAsync(2);
        RunSpec spec = TestRuns.Spec(cluster.Folder, steps: 4, nodes: 2);
        Reference expected = await Reference.TrainAsync(spec);
        Assert.Equal("completed", await cluster.TrainAsync(spec));
        Assert.Equal(expected.Steps.Select(s => s.Loss), cluster.Run.Steps.Values.Select(s => s.Loss));
        Assert.Equal(expected.WeightsHash, cluster.Run.Last!.WeightsHash);
    }

    [Fact]
    public async Task State_that_takes_longer_than_a_connection_may_is_waited_for()
    {
        // Before the first piece is here a minute passes by the clock of who waits.
        var late = new LateState();
        await using var cluster = new TestCluster { LinkFaults = late };
        await cluster.AddNodeAsync("node-1", o => o with { Clock = new NodeClock(late.Clock) });
        await cluster.AddNodeAsync("node-2");
        RunSpec spec = TestRuns.Spec(cluster.Folder, steps: 2, nodes: 2, s => s with { Recovery = new RecoverySpec { Copies = 1 } });
        Assert.Equal("completed", await cluster.TrainAsync(spec));
        Assert.True(late.Seen > 0);
        Assert.Equal([1], cluster.Run.Epochs.Select(e => e.Epoch));
        Assert.Empty(cluster.Run.Faults);
    }

    [Fact]
    public async Task While_one_source_s_chunks_are_late_the_experts_compute_the_others_layer_after_layer()
    {
        var computed = new ConcurrentQueue<(long Step, int Layer, int Source)>();
        await using var cluster = new TestCluster
        {
            LinkFaults = new HoldBack(rank: 0, step: 1),
            Trace = (_, step, layer, key) =>
            {
                if (key.Micro >= 0)
                {
                    computed.Enqueue((step, layer, key.Source));
                }
            },
        };
        await cluster.AddNodesAsync(2);
        RunSpec spec = TestRuns.Spec(cluster.Folder, steps: 2, nodes: 2);
        Assert.Equal("completed", await cluster.TrainAsync(spec));
        (int Layer, int Source)[] order = computed.Where(c => c.Step == 1).Select(c => (c.Layer, c.Source)).ToArray();
        int firstLate = Array.FindIndex(order, c => c.Source == 0);

        // No barrier: the other three ranks' chunks of both layers are computed before the first late one arrives.
        Assert.Equal(6, order[..firstLate].Distinct().Count());
        Assert.DoesNotContain(order[firstLate..], c => c.Source != 0);
        Assert.Equal(8, order.Distinct().Count());
    }
}
