using MoeActors.Actors.Cluster.Placements;
using MoeActors.Actors.Node;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Clusters;

/// <summary>M→N: a run that goes on with fewer nodes takes a node that comes in at a step boundary. Placement changes, nothing else does (DT-1): no fault, no step lost or computed again.</summary>
public sealed class ElasticMembershipTests
{
    private const int Steps = 8, Held = 5;

    [Fact]
    public async Task A_node_that_comes_while_the_run_goes_on_gets_ranks_at_a_step_boundary_and_the_state_it_needs_from_those_who_live()
    {
        RecordedRun? run = null;
        await using var cluster = new TestCluster
        {
            // The run lives on one node now and computes; it goes no further before the other has come and is ready.
            Trace = (_, step, _, _) => Assert.True(
                step != Held || SpinWait.SpinUntil(() => run!.Notes.Contains("node-3 is ready"), TimeSpan.FromSeconds(50)), "node-3 never got ready"),
        };
        run = cluster.Run;
        static NodeOptions Quick(NodeOptions o) => o with { RecoveryGrace = TimeSpan.FromMilliseconds(50), RecoverySettle = TimeSpan.FromMilliseconds(50) };
        await cluster.AddNodeAsync("node-1", Quick);
        await cluster.AddNodeAsync("node-2", Quick);
        Task joined = Task.CompletedTask;
        RunSpec spec = TestRuns.Spec(cluster.Folder, Steps, 2, s => s with { Checkpoint = new CheckpointSpec { Interval = Held + 1 }, Recovery = new RecoverySpec { Copies = 1 } });
        Reference expected = await Reference.TrainAsync(spec);
        cluster.Run.OnStep = s =>
        {
            if (s is { Step: 2, Epoch: 1 })
            {
                Task lost = cluster.LoseAsync(1);
                SpinWait.SpinUntil(() => lost.IsCompleted);
            }
            else if (s.Step == Held - 1)
            {
                joined = cluster.AddNodeAsync("node-3", Quick);
            }
        };

        Task<string> trained = cluster.TrainAsync(spec);
        run = cluster.Run;
        Assert.Equal("completed", await trained);
        await joined;
        Assert.Equal([2, 1, 2], run.Epochs.Select(e => e.Nodes.Count));
        Assert.Contains(run.Notes, n => n == "node-3 takes part from here: the fullest node has 2 ranks instead of 4, each unit has 1 copy instead of 0");
        Assert.Contains(run.Notes, n => n.StartsWith($"state from memory at step {Held + 1}: live state of 6 units, live state of 6 units that move", StringComparison.Ordinal));

        // One fault: the node that was lost. Every step is decided once, and its loss is that of the run nothing happens to.
        Assert.Equal("node-2", Assert.Single(run.Faults).Target);
        Assert.Equal(Enumerable.Range(0, Steps).Select(s => (long)s), run.AllSteps.Select(s => s.Step));
        Assert.Equal(expected.Steps.Select(s => s.Loss), run.Steps.Values.Select(s => s.Loss));
        Assert.Equal(expected.WeightsHash, run.Last!.WeightsHash);

        // The checkpoint that was due at the boundary is of the epoch that began there.
        Assert.Contains(Held + 1L, run.Checkpoints.Keys);
    }
}
