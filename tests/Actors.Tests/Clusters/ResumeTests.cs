using MoeActors.Actors.Protocol;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Clusters;

public sealed class ResumeTests
{
    [Fact]
    public async Task A_run_stopped_on_three_nodes_resumed_on_two_and_ended_on_four_has_the_undisturbed_run_s_hashes()
    {
        const int steps = 9;
        await using TestCluster whole = await TestCluster.StartAsync(1);
        RunSpec spec = TestRuns.Spec(whole.Folder, steps, nodes: 1);
        Assert.Equal("completed", await whole.TrainAsync(spec));

        string folder = Directory.CreateTempSubdirectory("moe-resume-").FullName;
        try
        {
            long first = await PartAsync(folder, spec with { Nodes = 3 }, resume: false, stopAfter: 2);
            long second = await PartAsync(folder, spec with { Nodes = 2 }, resume: true, stopAfter: 5);
            Assert.True(first is >= 3 and < steps && second >= 6 && second < steps && second > first, $"stopped at {first} and {second}");
            await using var last = new TestCluster(folder);
            await last.AddNodesAsync(4);
            Assert.Equal("completed", await last.TrainAsync(spec with { Nodes = 4 }, resume: true));
            Assert.Equal(second, last.Run.Steps.Keys.First());
            Assert.Equal(whole.Run.Last!.WeightsHash, last.Run.Last!.WeightsHash);
            Assert.Equal(whole.Run.Last.StateHash, last.Run.Last.StateHash);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_resume_of_a_run_whose_processes_all_died_is_written_down_once_however_often_it_is_asked_for()
    {
        string folder = Directory.CreateTempSubdirectory("moe-resume-").FullName;
        try
        {
            RunSpec spec = TestRuns.Spec(folder, 1000, nodes: 1);
            await using (var first = new TestCluster(folder))
            {
                var stepped = new TaskCompletionSource();
                first.Run.OnStep = _ => stepped.TrySetResult();
                await first.AddNodesAsync(1);
                Assert.True((await first.AskAsync<SubmitAnswer>(new SubmitRun(spec.ToJson(), first.RunFolder, false, "test"))).Accepted);
                await stepped.Task.WaitAsync(TestContext.Current.CancellationToken);
                Assert.Equal([false], first.Run.Openings);
            }

            await using var second = new TestCluster(folder);
            await second.AddNodesAsync(1);
            for (int asked = 0; asked < 2; asked++)
            {
                SubmitAnswer answer = await second.AskAsync<SubmitAnswer>(new SubmitRun(spec.ToJson(), second.RunFolder, true, "test"));
                Assert.True(answer.Accepted, answer.Message);
            }

            Assert.Equal([true], second.Run.Openings);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // Trains on as many nodes as the spec says until a stop after a step; returns the completed steps.
    private static async Task<long> PartAsync(string folder, RunSpec spec, bool resume, long stopAfter)
    {
        await using var cluster = new TestCluster(folder);
        await cluster.AddNodesAsync(spec.Nodes);
        cluster.Run.OnStep = s =>
        {
            if (s.Step == stopAfter)
            {
                cluster.Stop();
            }
        };
        Assert.Equal("stopped", await cluster.TrainAsync(spec, resume));
        long completed = cluster.Run.Steps.Keys.Last() + 1;
        Assert.Equal(completed, cluster.Run.Last!.Step);
        return completed;
    }
}
