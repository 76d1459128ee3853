using MoeActors.Actors.Checkpointing;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Clusters;

/// <summary>Runs that begin with another run's weights, and runs that go on beyond their recorded end.</summary>
public sealed class BorrowedWeightsTests
{
    [Theory]
    [InlineData(Precision.Float32)]
    [InlineData(Precision.BFloat16)]
    public async Task A_run_begins_with_another_s_weights_alone_and_a_node_lost_before_its_next_checkpoint_changes_nothing(Precision precision)
    {
        await using var cluster = new TestCluster();
        await cluster.AddNodeAsync("node-1", o => o with { RecoveryGrace = TimeSpan.FromMilliseconds(50) });
        RunSpec source = TestRuns.Spec(cluster.Folder, 3, 1, s => s with { Training = s.Training with { Precision = precision } });
        Assert.Equal("completed", await cluster.TrainAsync(source));
        string weights = cluster.Run.Last!.WeightsHash, old = cluster.RunFolder;

        // Another layout, seed and batch than the source's.
        RunSpec spec = TestRuns.Spec(cluster.Folder, 4, 2, s => s with
        {
            RunId = "second",
            Layout = s.Layout with { ExpertParallel = 2 },
            Training = s.Training with { Precision = precision, Seed = 9, GlobalBatch = 4 },
            Checkpoint = new CheckpointSpec { Interval = 0 },
            Origin = new RunOrigin(source.RunId, 3, weights, old),
        });
        string calm = Begin(cluster, source, old, spec, "calm"), disturbed = Begin(cluster, source, old, spec, "disturbed");
        using (var reader = new CheckpointReader(CheckpointPaths.InRun(calm), new CheckpointStore(CheckpointPaths.InRun(calm)).Newest()!))
        {
            Assert.Equal((0L, weights), (reader.Manifest.Step, StateHash.Weights(reader, TestContext.Current.CancellationToken)));
            Assert.All(reader.Manifest.Units.Values, steps => Assert.Equal(0, steps));
        }

        // Nobody needs the source from here on.
        Directory.Delete(old, recursive: true);
        Assert.Equal("completed", await cluster.TrainAsync(spec with { Nodes = 1 }, runFolder: calm));
        CommittedCheckpoint expected = cluster.Run.Last!;
        Assert.NotEqual(weights, expected.WeightsHash);

        await cluster.AddNodeAsync("node-2");
        await cluster.KnownAsync(2);
        cluster.Run.OnStep = s =>
        {
            if (s.Step == 1 && cluster.Nodes.Count == 2)
            {
                Task lost = cluster.LoseAsync(1);
                SpinWait.SpinUntil(() => lost.IsCompleted);
            }
        };
        Assert.Equal("completed", await cluster.TrainAsync(spec, runFolder: disturbed));
        Assert.Equal((expected.WeightsHash, expected.StateHash), (cluster.Run.Last!.WeightsHash, cluster.Run.Last.StateHash));
    }

    [Fact]
    public async Task A_run_whose_borrowed_weights_are_in_no_checkpoint_of_its_own_does_not_begin_from_the_seed()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(1);
        RunSpec spec = TestRuns.Spec(cluster.Folder, 2, 1, s => s with { Origin = new RunOrigin("gone", 3, "w", "/gone") });
        Assert.Contains("the one of step 0, with the weights it begins from, is missing", await cluster.TrainAsync(spec), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Weights_that_are_not_those_of_the_record_are_refused()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(1);
        RunSpec source = TestRuns.Spec(cluster.Folder, 1);
        Assert.Equal("completed", await cluster.TrainAsync(source));
        RunSpec spec = source with { RunId = "second", Origin = new RunOrigin(source.RunId, 1, "of other weights", cluster.RunFolder) };
        Assert.Contains("the run's record says of other weights", Assert.Throws<CheckpointException>(() => Begin(cluster, source, cluster.RunFolder, spec, "new")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_finished_run_that_is_given_more_steps_ends_like_one_that_had_them_from_the_start()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(1);
        RunSpec whole = TestRuns.Spec(cluster.Folder, 5, 1, s => s with { Training = s.Training with { ScheduleSteps = 3 } });
        Assert.Equal("completed", await cluster.TrainAsync(whole, runFolder: Path.Combine(cluster.Folder, "whole")));
        CommittedCheckpoint expected = cluster.Run.Last!;
        double[] rates = [.. cluster.Run.Steps.Values.Select(s => s.LearningRate)];

        RunSpec shorter = whole with { Training = whole.Training with { Steps = 3, ScheduleSteps = null } };
        Assert.Equal("completed", await cluster.TrainAsync(shorter));
        RunSpec longer = shorter with
        {
            Training = whole.Training,
            Extensions = [new RunExtension { After = 3, From = 3, To = 5, At = DateTimeOffset.UnixEpoch, By = "me@here", Before = shorter.Training }],
        };
        Assert.Equal("completed", await cluster.TrainAsync(longer, resume: true));
        Assert.Equal([3L, 4L], cluster.Run.Steps.Keys);
        Assert.Equal(rates[3..], cluster.Run.Steps.Values.Select(s => s.LearningRate));
        Assert.Equal((expected.WeightsHash, expected.StateHash), (cluster.Run.Last!.WeightsHash, cluster.Run.Last.StateHash));

        // Another schedule from there on: another lineage, which still goes on with the checkpoints it had.
        RunSpec warmer = longer with
        {
            Training = longer.Training with { Steps = 6, MinLearningRate = 5e-4 },
            Extensions = [.. longer.Extensions!, new RunExtension { After = 5, From = 5, To = 6, At = DateTimeOffset.UnixEpoch, By = "me@here", Before = longer.Training }],
        };
        Assert.NotEqual(Lineage.Of(longer), Lineage.Of(warmer));
        Assert.Equal("completed", await cluster.TrainAsync(warmer, resume: true));
        Assert.Equal(5e-4, Assert.Single(cluster.Run.Steps).Value.LearningRate);
        Assert.Equal(5L, Assert.Single(cluster.Run.Steps).Key);
    }

    private static string Begin(TestCluster cluster, RunSpec source, string old, RunSpec spec, string name)
    {
        string folder = Path.Combine(cluster.Folder, name);
        var store = new CheckpointStore(CheckpointPaths.InRun(old));
        using var reader = new CheckpointReader(store.Storage, store.Open(store.Newest()!.Step, RunIdentity.Of(source)));
        FirstCheckpoint.Write(spec, new CheckpointStore(CheckpointPaths.InRun(folder)), reader, DateTimeOffset.UnixEpoch);
        return folder;
    }
}
