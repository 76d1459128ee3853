using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Clusters;

/// <summary>checkpoint.adaptive in a real cluster.</summary>
public sealed class AdaptiveRunTests
{
    [Fact]
    public async Task A_run_chooses_by_its_own_times_once_and_a_recovery_or_resume_chooses_nothing()
    {
        var sabotage = new Sabotage("rank-1", 10);
        await using var cluster = new TestCluster { Trace = sabotage.Trace };
        await cluster.AddNodesAsync(1);
        sabotage.Arm(cluster);
        RunSpec spec = TestRuns.Spec(cluster.Folder, steps: 14, change: s => s with
        {
            RunId = nameof(AdaptiveRunTests),
            Checkpoint = new CheckpointSpec { Interval = 2, Mode = CheckpointMode.Partial, Asynchronous = false, Adaptive = true, MtbfMs = 600_000 },
        });
        Assert.Equal("completed", await cluster.TrainAsync(spec));
        RecordedRun run = cluster.Run;
        Assert.Single(run.Faults);
        Assert.Single(run.Notes, n => n.StartsWith("checkpoint.adaptive: ", StringComparison.Ordinal));
        CheckpointSpec chosen = run.Recorded!.Checkpoint;
        Assert.Contains("K_snapshot = ", chosen.Chosen, StringComparison.Ordinal);

        // Chosen at the second checkpoint: from then on checkpoints lie at multiples of the chosen interval, and at the end.
        Assert.All(run.Checkpoints.Keys.Where(s => s is > 4 and < 14), s => Assert.Equal(0, s % chosen.Interval));
        Assert.All(run.Steps.Values, s => Assert.True(s.ForwardBackwardMs > 0));

        Assert.Equal("completed", await cluster.TrainAsync(run.Recorded with { Training = spec.Training }, resume: true));
        Assert.DoesNotContain(cluster.Run.Notes, n => n.StartsWith("checkpoint.adaptive: ", StringComparison.Ordinal));
    }
}
