using MoeActors.Actors.Tests.Clusters;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Review;

/// <summary>What a run leaves behind never stands in the next one's way.</summary>
public sealed class RunAfterRunTests
{
    [Fact]
    public async Task Nodes_train_one_run_after_another_without_being_started_again()
    {
        await using var cluster = new TestCluster();
        await cluster.AddNodeAsync("node-1");
        await cluster.AddNodeAsync("node-2");
        for (int seed = 1; seed <= 3; seed++)
        {
            RunSpec spec = TestRuns.Spec(cluster.Folder, steps: 2, nodes: 2, s => s with { Training = s.Training with { Seed = seed } });
            Assert.Equal("completed", await cluster.TrainAsync(spec, runFolder: Path.Combine(cluster.Folder, $"run-{seed}")));
            Assert.Equal(2, cluster.Run.AllSteps.Count);
        }
    }

    [Fact]
    public async Task A_run_goes_on_under_another_journal_with_epochs_that_keep_growing()
    {
        await using var first = new TestCluster();
        await first.AddNodeAsync("node-1");
        RunSpec spec = TestRuns.Spec(first.Folder, steps: 2);
        Assert.Equal("completed", await first.TrainAsync(spec));

        // Copied to where no journal knows of it, and fenced far beyond what the new journal counts to.
        await using var second = new TestCluster();
        await second.AddNodeAsync("node-1");
        Copy(first.RunFolder, second.RunFolder);
        new CheckpointStore(Path.Combine(second.RunFolder, "checkpoints")).RaiseFence(500);
        Assert.Equal("completed", await second.TrainAsync(spec, resume: true));
        Assert.Empty(second.Run.AllSteps);
        Assert.True(Assert.Single(second.Run.Epochs).Epoch > first.Run.Epochs[^1].Epoch);
        Assert.True(new CheckpointStore(Path.Combine(second.RunFolder, "checkpoints")).Fence() > 500);
    }

    private static void Copy(string from, string to)
    {
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
