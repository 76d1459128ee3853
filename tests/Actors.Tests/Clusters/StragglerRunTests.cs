using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Diagnostics;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Clusters;

/// <summary>A slow node gives a rank away while the run goes on.</summary>
public sealed class StragglerRunTests
{
    [Fact]
    public async Task A_node_that_computes_slowly_is_relieved_without_a_fault_and_the_run_ends_like_the_undisturbed_one()
    {
        await using var cluster = new TestCluster();
        await cluster.AddNodeAsync("node-1");
        var slow = new MovedClock();
        await cluster.AddNodeAsync("node-2", o => o with { Clock = new NodeClock(slow), Trace = (_, _, _, _) => slow.Lose(TimeSpan.FromMinutes(1)) });
        RunSpec spec = TestRuns.Spec(
            cluster.Folder, steps: 44, nodes: 2,
            s => s with { Recovery = new RecoverySpec { Stragglers = StragglerPolicy.Relieve }, Checkpoint = s.Checkpoint with { Interval = 100 } });
        Reference expected = await Reference.TrainAsync(spec);
        Assert.Equal("completed", await cluster.TrainAsync(spec));
        Assert.Contains(cluster.Run.Notes, n => n.StartsWith("node-2 is slow: ", StringComparison.Ordinal));
        Assert.Equal([1, 2], cluster.Run.Epochs.Select(e => e.Epoch));
        Assert.Equal([3, 1], cluster.Run.Epochs[1].Nodes.Values.Select(n => n.Actors.Count(a => a.Name.StartsWith("rank-", StringComparison.Ordinal))).OrderDescending());
        Assert.Empty(cluster.Run.Faults);
        Assert.Equal(expected.Steps.Select(s => s.Loss), cluster.Run.Steps.Values.Select(s => s.Loss));
        Assert.Equal(expected.WeightsHash, cluster.Run.Last!.WeightsHash);
    }
}
