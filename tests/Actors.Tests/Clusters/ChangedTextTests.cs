using MoeActors.Actors.Node;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Clusters;

/// <summary>Text that changes while a run reads it, and nodes that have another one.</summary>
public sealed class ChangedTextTests
{
    [Fact]
    public async Task A_file_that_grows_ends_the_run_as_a_failure_of_the_data_with_a_last_checkpoint_of_all_its_steps()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(1);
        RunSpec spec = TestRuns.Spec(cluster.Folder, 8, 1, s => s with { Checkpoint = new CheckpointSpec { Interval = 0 }, Recovery = new RecoverySpec() });
        cluster.Run.OnStep = s =>
        {
            if (s.Step == 2)
            {
                File.AppendAllText(spec.Data.Paths[0], "one line more\n");
            }
        };
        string outcome = await cluster.TrainAsync(spec);
        Assert.StartsWith($"failed: node-1: {spec.Data.Paths[0]}: was changed while a run reads it", outcome, StringComparison.Ordinal);
        Assert.Equal(FailureCause.Data, (await cluster.AskAsync<RunStatus>(new StatusQuery(0))).Cause);
        long done = cluster.Run.Steps.Keys.Last() + 1;
        Assert.True(done >= 3);
        Assert.Equal(done, new CheckpointStore(Path.Combine(cluster.RunFolder, "checkpoints")).Newest()!.Step);
        Assert.DoesNotContain(cluster.Run.Notes, n => n.Contains("poison", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_node_that_takes_the_place_of_a_lost_one_with_another_text_is_refused_and_the_run_goes_on_without_it()
    {
        await using var cluster = new TestCluster();
        static NodeOptions Quick(NodeOptions o) => o with { RecoveryGrace = TimeSpan.FromSeconds(30) };
        await cluster.AddNodeAsync("node-1", Quick);
        await cluster.AddNodeAsync("node-2", Quick);
        await cluster.KnownAsync(2);
        RunSpec spec = TestRuns.Spec(cluster.Folder, 6, 2, s => s with { Checkpoint = new CheckpointSpec { Interval = 0 }, Recovery = new RecoverySpec { Copies = 1 } });
        Reference expected = await Reference.TrainAsync(spec);
        Task joined = Task.CompletedTask;
        cluster.Run.OnStep = s =>
        {
            if (s is { Step: 2, Epoch: 1 })
            {
                // The living one has the file open: it goes on reading what it was.
                string other = Path.Combine(cluster.Folder, "other.txt");
                File.WriteAllText(other, new string('x', 20_000));
                File.Move(other, spec.Data.Paths[0], overwrite: true);
                Task lost = cluster.LoseAsync(1);
                SpinWait.SpinUntil(() => lost.IsCompleted);
                joined = cluster.AddNodeAsync("node-2", Quick);
            }
        };
        Assert.Equal("completed", await cluster.TrainAsync(spec));
        await joined;
        Assert.Contains(cluster.Run.Notes, n => n.StartsWith("node-2 cannot take part: the data of this run has hash", StringComparison.Ordinal));
        Assert.Equal(expected.WeightsHash, cluster.Run.Last!.WeightsHash);
    }
}
