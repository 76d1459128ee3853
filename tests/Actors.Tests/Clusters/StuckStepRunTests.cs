using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Node;
using MoeActors.Actors.Training;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Clusters;

/// <summary>A peer that lives and answers and does not get on is found by the step's own deadline.</summary>
public sealed class StuckStepRunTests
{
    [Fact]
    public async Task A_node_whose_computing_hangs_is_ended_and_the_run_ends_like_the_undisturbed_one()
    {
        using var free = new ManualResetEventSlim();
        await using var cluster = new TestCluster();
        await cluster.AddNodeAsync("node-1", o => o with { RecoveryGrace = TimeSpan.FromMilliseconds(1) });
        NodeProcess victim = await cluster.AddNodeAsync("node-2");
        cluster.Run.OnStep = step =>
        {
            if (step.Step == 12)
            {
                victim.System.ActorSelection("/user/node/device-0/*").Tell(new InjectedWork((_, _) =>
                {
                    free.Wait();
                    return true;
                }));
            }
        };
        RunSpec spec = TestRuns.Spec(cluster.Folder, steps: 16, nodes: 2, s => s with { Recovery = new RecoverySpec { StepDeadline = 2, StepDeadlineLeast = 1 } });
        Reference expected = await Reference.TrainAsync(spec);
        Task<string> run = cluster.TrainAsync(spec);
        (int code, string why) = await victim.Ended.WaitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(NodeExit.ActorsFailed, code);
        Assert.Contains("node-2 has been at one piece of work for", why, StringComparison.Ordinal);
        free.Set(); // as the end of its process would
        await cluster.LoseAsync(1);
        Assert.Equal("completed", await run);
        FaultTimeline fault = Assert.Single(cluster.Run.Faults);
        Assert.Equal(("node-hung", "node-2"), (fault.Kind, fault.Target));
        Assert.Equal(expected.Steps.Select(s => s.Loss), cluster.Run.Steps.Values.Select(s => s.Loss));
        Assert.Equal(expected.WeightsHash, cluster.Run.Last!.WeightsHash);
    }
}
