using System.Diagnostics;

using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Node;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Clusters;

/// <summary>A run folder, journal and all, that is copied while it is being trained.</summary>
public sealed class CopiedFolderTests
{
    [Fact]
    public async Task A_copy_that_is_resumed_leaves_the_original_alone_and_both_end_in_the_same_state()
    {
        const int steps = 12;
        await using var original = new TestCluster();
        await original.AddNodeAsync("node-1", o => o with { RunFolder = original.RunFolder });
        RunSpec spec = TestRuns.Spec(original.Folder, steps, nodes: 1);
        spec = spec with { Checkpoint = spec.Checkpoint with { Interval = 2, Asynchronous = false } };
        string copy = Directory.CreateTempSubdirectory("moe-copy-").FullName;
        try
        {
            string ended = "";
            original.Run.OnStep = s =>
            {
                if (s.Step == 5)
                {
                    // The recorder is called in the coordinator: the original stands still until the copy's run is over.
                    CopyAsync(original.Folder, copy).GetAwaiter().GetResult();
                    ended = Task.Run(() => ResumeAsync(copy, spec)).GetAwaiter().GetResult();
                }
            };
            Assert.Equal("completed", await original.TrainAsync(spec));
            Assert.Equal(original.Run.Last!.StateHash, ended);
            Assert.Equal(Enumerable.Range(0, steps).Select(s => (long)s), original.Run.Steps.Keys);
            Assert.DoesNotContain(original.Run.Notes, n => n.Contains("FAILED", StringComparison.Ordinal));
            Assert.Single(original.Run.Epochs);
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    private static async Task<string> ResumeAsync(string folder, RunSpec spec)
    {
        await using var cluster = new TestCluster(folder);
        await cluster.AddNodeAsync("node-1", o => o with { RunFolder = cluster.RunFolder });
        Assert.Equal("completed", await cluster.TrainAsync(spec, resume: true));
        Assert.Equal(4, cluster.Run.Steps.Keys.First());
        return cluster.Run.Last!.StateHash;
    }

    // Past the locks, as a user copies.
    private static async Task CopyAsync(string from, string to)
    {
        using Process copy = Process.Start("cp", ["-a", "--", $"{from}/.", to]);
        await copy.WaitForExitAsync(CancellationToken.None);
    }

    /// <summary>Nodes by hand keep the journal apart from the run folder: a copy of it names the same folder.</summary>
    [Fact]
    [Trait("Tier", "integration")]
    public async Task A_cluster_that_is_started_on_a_copied_journal_ends_while_those_who_train_the_run_live()
    {
        await using var original = await TestCluster.StartAsync(1);
        RunSpec spec = TestRuns.Spec(original.Folder, steps: 8, nodes: 1);
        string copy = Directory.CreateTempSubdirectory("moe-copy-").FullName;
        try
        {
            (int Code, string Reason) ended = default;
            original.Run.OnStep = s =>
            {
                if (s.Step == 3)
                {
                    CopyAsync(original.Folder, copy).GetAwaiter().GetResult();
                    ended = Task.Run(async () =>
                    {
                        await using var second = new TestCluster(copy);
                        NodeProcess node = await second.AddNodeAsync("node-1");
                        return await node.Ended;
                    }).GetAwaiter().GetResult();
                }
            };
            Assert.Equal("completed", await original.TrainAsync(spec));
            Assert.Equal(NodeExit.Resources, ended.Code);
            Assert.Contains("is being trained elsewhere", ended.Reason, StringComparison.Ordinal);
            Assert.Single(original.Run.Epochs);
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }
}
