using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Clusters;

/// <summary>DT-1: placement never changes arithmetic.</summary>
public sealed class PlacementIndependenceTests
{
    [Fact]
    public async Task Four_ranks_on_one_to_four_nodes_give_bitwise_the_same_losses_and_state()
    {
        var losses = new List<double[]>();
        var hashes = new List<string>();
        for (int count = 1; count <= 4; count++)
        {
            await using var cluster = new TestCluster();
            for (int n = 0; n < count; n++)
            {
                await cluster.AddNodeAsync($"node-{n + 1}");
            }

            RunSpec spec = TestRuns.Spec(cluster.Folder, nodes: count);
            Assert.Equal("completed", await cluster.TrainAsync(spec));
            losses.Add(cluster.Run.Steps.Values.Select(s => s.Loss).ToArray());
            hashes.Add(cluster.Run.Last!.StateHash);
        }

        Assert.All(losses, l => Assert.Equal(losses[0], l));
        Assert.All(hashes, h => Assert.Equal(hashes[0], h));
        Assert.True(losses[0][^1] < losses[0][0]);
    }
}
