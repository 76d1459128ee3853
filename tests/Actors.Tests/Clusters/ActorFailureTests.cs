using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Exchange;
using MoeActors.Compute.Routing;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Clusters;

/// <summary>RC-2: an actor's failure that leaves the process sound restarts that actor alone.</summary>
public sealed class ActorFailureTests
{
    // What no peer of the same version sends.
    private const Purpose Nonsense = (Purpose)99;

    [Fact]
    public Task An_exception_in_a_rank_s_handler_restarts_that_rank_alone() =>
        OnlyTheFailedActorIsNew("rank-1", (epoch, step) => new Ticket(Header(EndpointKind.Rank, epoch, step, Nonsense), [], null));

    [Fact]
    public Task An_exception_in_a_shard_s_handler_restarts_that_shard_alone() =>
        OnlyTheFailedActorIsNew(
            "expert-shard-1-2",
            (epoch, step) => new Ticket(Header(EndpointKind.Rank, epoch, step, Purpose.Dispatch), [0, 5], null)); // ST-2: names five rows, carries none

    private static async Task OnlyTheFailedActorIsNew(string actor, Func<int, long, Ticket> poison)
    {
        int done = 0;
        Action<int, long, int, ChunkKey>? hook = null;
        await using var cluster = new TestCluster { Trace = (epoch, step, layer, key) => hook?.Invoke(epoch, step, layer, key) };
        await cluster.AddNodesAsync(2);
        hook = (epoch, step, layer, key) =>
        {
            // A chunk of rank 1 is being computed: rank 1 waits for it, so its step is this one.
            if (step == 4 && layer == 1 && key is { Micro: 0, Source: 1 } && Interlocked.Exchange(ref done, 1) == 0)
            {
                cluster.TellDeviceActor(actor, poison(epoch, step));
            }
        };
        RunSpec spec = TestRuns.Spec(cluster.Folder, steps: 6, nodes: 2);
        Reference expected = await Reference.TrainAsync(spec);
        Assert.Equal("completed", await cluster.TrainAsync(spec));
        RecordedRun run = cluster.Run;

        Assert.True(run.Epochs.Select(e => e.Epoch).SequenceEqual([1, 2]), string.Join('\n', run.Notes));
        Dictionary<string, long> before = Incarnations(run.Epochs[0].Nodes), after = Incarnations(run.Epochs[1].Nodes);
        Assert.Equal(before.Keys.Order(StringComparer.Ordinal), after.Keys.Order(StringComparer.Ordinal));
        Assert.Equal([actor], before.Keys.Where(k => before[k] != after[k]));

        FaultTimeline fault = Assert.Single(run.Faults);
        Assert.Equal("actor-failed", fault.Kind);
        Assert.EndsWith($"/{actor}", fault.Target, StringComparison.Ordinal);
        Assert.Equal(expected.Steps.Select(s => s.Loss), run.Steps.Values.Select(s => s.Loss));
        Assert.Equal(expected.WeightsHash, run.Last!.WeightsHash);
    }

    private static FrameHeader Header(EndpointKind from, int epoch, long step, Purpose purpose) => new()
    {
        Epoch = epoch,
        Step = step,
        Purpose = purpose,
        Source = new Endpoint(from, 0, 0).Packed,
        Layer = 1,
        Chunk = 0,
        ChunkCount = 1,
    };

    private static Dictionary<string, long> Incarnations(IReadOnlyDictionary<string, MoeActors.Actors.Protocol.EpochPrepared> nodes) =>
        nodes.Values.SelectMany(n => n.Actors).ToDictionary(a => a.Name, a => a.Incarnation);
}
