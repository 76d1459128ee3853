using MoeActors.Actors.Tests.Exchange;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Clusters;

[Collection(ExchangeCollection.Name)]
public sealed class MemoryTests
{
    [Fact]
    public async Task Live_tensors_return_to_the_same_count_after_each_step()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(1);
        var counts = new List<long>();
        const int steps = 8;

        // An evaluation follows each step: when its loss is known, the node rests until it is told to go on.
        RunSpec spec = TestRuns.Spec(cluster.Folder, steps, change: s => s with
        {
            Checkpoint = new CheckpointSpec { Interval = 0 },
            Evaluation = new EvaluationSpec { Interval = 1, MaxSequences = 8, FinalMaxSequences = 8 },
        });
        cluster.Run.OnValidation = step =>
        {
            // The last step's snapshot is being written meanwhile.
            if (step < steps)
            {
                counts.Add(Exchange.ExchangeMesh.LiveTensors());
            }
        };
        Assert.Equal("completed", await cluster.TrainAsync(spec));
        Assert.Equal(steps - 1, counts.Count);
        Assert.All(counts, c => Assert.Equal(counts[0], c));
    }

    [Fact]
    public async Task A_run_that_has_ended_leaves_no_tensor_behind()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(2);
        RunSpec spec = TestRuns.Spec(cluster.Folder, steps: 2, nodes: 2, s => s with { Recovery = new RecoverySpec { Copies = 1 } });
        long before = Exchange.ExchangeMesh.LiveTensors();
        Assert.Equal("completed", await cluster.TrainAsync(spec));

        // The nodes free their state when they hear of the end.
        Assert.True(Exchange.ExchangeMesh.Eventually(() => Exchange.ExchangeMesh.LiveTensors() == before), $"{Exchange.ExchangeMesh.LiveTensors()} tensors live, {before} before");
    }
}
