using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Clusters;

/// <summary>What the recorder is told of a run with partial checkpoints.</summary>
public sealed class PartialRecordTests(TwoNodes nodes) : IClassFixture<TwoNodes>
{
    [Fact]
    public async Task Checkpoints_say_what_they_saved_and_steps_what_was_lost()
    {
        RunSpec spec = TestRuns.Spec(nodes.Cluster.Folder, steps: 6, nodes: 2, s => s with
        {
            RunId = nameof(PartialRecordTests),
            Checkpoint = new CheckpointSpec { Interval = 2, Mode = CheckpointMode.Partial, Asynchronous = false },
        });
        Assert.Equal("completed", await nodes.TrainAsync(spec));
        RecordedRun run = nodes.Cluster.Run;
        Assert.Equal([(2, "full"), (4, "partial"), (6, "full")], run.Checkpoints.OrderBy(c => c.Key).Select(c => (c.Key, c.Value.Kind)));
        Assert.All(run.Checkpoints.Values, c => Assert.True(c.SnapshotMs > 0));
        Assert.True(run.Checkpoints[4].Bytes < run.Checkpoints[2].Bytes);
        Assert.All(run.Steps.Values, s => Assert.Equal(0, s.Plt));

        // checkpoint.asynchronous = off: the step after a checkpoint carries the wait for it.
        Assert.All([2, 4], step => Assert.True(run.Steps[step].SnapshotStallMs > 1));
        Assert.All([0, 1], step => Assert.Equal(0, run.Steps[step].SnapshotStallMs));
    }
}
