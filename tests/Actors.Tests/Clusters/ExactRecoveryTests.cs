using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Exchange;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.State;
using MoeActors.Actors.Training;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;

using static TorchSharp.torch;

namespace MoeActors.Actors.Tests.Clusters;

/// <summary>
/// RC-1 without going back: there is no checkpoint but the last one, so a recovery that undid a decided step would compute it, and all before it, again. What is lost is held by somebody else.
/// </summary>
public sealed class ExactRecoveryTests
{
    private const int Steps = 8;

    [Theory]
    [InlineData("rank-1", 0)]
    [InlineData("expert-shard-1-2", 1)]
    public async Task An_actor_that_fails_costs_the_step_in_flight_and_no_other_incarnation_changes(string actor, int copies)
    {
        var sabotage = new Sabotage(actor, 2, 5);
        await using var cluster = new TestCluster { Trace = sabotage.Trace };
        await cluster.AddNodesAsync(2);
        sabotage.Arm(cluster);
        await TrainAsync(cluster, Spec(cluster, copies));

        RecordedRun run = cluster.Run;
        Assert.Equal(2, run.Faults.Count);
        Assert.All(run.Faults, f => Assert.Equal(("live state", 0L), (f.Rung, f.LostSteps)));
        for (int i = 1; i < run.Epochs.Count; i++)
        {
            Dictionary<string, long> before = Incarnations(run.Epochs[i - 1].Nodes), after = Incarnations(run.Epochs[i].Nodes);
            Assert.Equal([actor], before.Keys.Where(k => before[k] != after[k]));
        }
    }

    [Fact]
    public async Task A_unit_that_missed_the_decision_is_rolled_forward_by_the_gradient_it_keeps()
    {
        await using var cluster = new TestCluster();
        await cluster.AddNodesAsync(2);
        MissDecision(cluster);
        await TrainAsync(cluster, Spec(cluster, copies: 0));
        FaultTimeline fault = Assert.Single(cluster.Run.Faults);
        Assert.Equal(("live state", 5L, 0L), (fault.Rung, fault.AtStep, fault.LostSteps));
    }

    [Fact]
    public async Task Were_it_only_said_to_be_rolled_forward_the_result_would_be_another()
    {
        await using var cluster = new TestCluster();
        for (int n = 1; n <= 2; n++)
        {
            await cluster.AddNodeAsync($"node-{n}", o => o with
            {
                RollForward = (unit, target, _, _) =>
                {
                    unit.IsAt(target);
                    return true;
                },
            });
        }

        MissDecision(cluster);
        RunSpec spec = Spec(cluster, copies: 0);
        Reference expected = await Reference.TrainAsync(spec);
        Assert.Equal("completed", await cluster.TrainAsync(spec));
        Assert.Equal("live state", Assert.Single(cluster.Run.Faults).Rung);
        Assert.NotEqual(expected.WeightsHash, cluster.Run.Last!.WeightsHash);
    }

    /// <summary>The decision of step 4 is about to be told: rank 3 does not hear it, and a shard beside it fails in the step after.</summary>
    private static void MissDecision(TestCluster cluster) => cluster.Run.OnStep = s =>
    {
        if (s is { Step: 4, Epoch: 1 })
        {
            cluster.TellDeviceActor("rank-3", new Quiesce(1));
            cluster.TellDeviceActor("expert-shard-0-3", new Ticket(
                new FrameHeader { Epoch = 1, Step = 5, Purpose = (Purpose)99, Source = new Endpoint(EndpointKind.Rank, 0, 0).Packed, ChunkCount = 1 }, [], zeros(1, 1).DetachFromDisposeScope()));
        }
    };

    [Fact]
    public async Task With_partial_checkpoints_nothing_stale_is_restored_but_the_newest_complete_one_which_retention_keeps()
    {
        await using var cluster = new TestCluster();
        for (int n = 1; n <= 3; n++)
        {
            await cluster.AddNodeAsync($"node-{n}", o => o with { RecoveryGrace = TimeSpan.FromMilliseconds(50) });
        }

        Task lost = Task.CompletedTask;
        cluster.Run.OnStep = s =>
        {
            if (s is { Step: 7, Epoch: 1 })
            {
                lost = Lose(cluster, 2);
            }
        };
        RunSpec spec = Spec(cluster, copies: 0, nodes: 3);
        spec = spec with { Checkpoint = new CheckpointSpec { Interval = 1, Keep = 2, Mode = CheckpointMode.Partial, KSnapshot = 1, KPersist = 1, DynamicK = false, Asynchronous = false } };
        await TrainAsync(cluster, spec, once: false);
        await lost;
        FaultTimeline fault = Assert.Single(cluster.Run.Faults);
        Assert.Equal(("persisted checkpoint", 0.0), (fault.Rung, fault.Plt));
        Assert.Contains(cluster.Run.Notes, n => n.StartsWith("recovery from checkpoint 1, the newest complete one", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_unit_torn_in_the_middle_of_its_update_comes_from_its_copy()
    {
        int left = 1;
        await using var cluster = new TestCluster
        {
            Updating = (unit, step) =>
            {
                if (step == 4 && unit == UnitId.Experts(1, 2, 0) && Interlocked.Exchange(ref left, 0) == 1)
                {
                    throw new InvalidOperationException("torn by the test");
                }
            },
        };
        await cluster.AddNodesAsync(2);
        await TrainAsync(cluster, Spec(cluster, copies: 1));
        FaultTimeline fault = Assert.Single(cluster.Run.Faults);
        Assert.Equal(("live state, peer copies", 0L), (fault.Rung, fault.LostSteps));
        Assert.Contains("peers' copies of 1 units", fault.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Precision.Float32)]
    [InlineData(Precision.BFloat16)]
    public async Task A_lost_node_s_units_come_from_peers_copies_and_nobody_goes_back(Precision precision)
    {
        await using var cluster = new TestCluster();
        await cluster.AddNodesAsync(3);
        RunSpec spec = Spec(cluster, copies: 1, nodes: 3, precision);
        Task replaced = Task.CompletedTask;
        cluster.Run.OnStep = s =>
        {
            if (s is { Step: 3, Epoch: 1 })
            {
                Lose(cluster, 2);
                replaced = cluster.AddNodeAsync("node-4");
            }
        };
        await TrainAsync(cluster, spec);
        await replaced;
        Assert.NotEmpty(cluster.Run.Faults);
        Assert.All(cluster.Run.Faults, f => Assert.Equal(("live state, peer copies", 0L), (f.Rung, f.LostSteps)));
    }

    [Fact]
    public async Task Without_a_replacement_the_survivors_take_the_lost_node_s_units_over_from_their_copies()
    {
        await using var cluster = new TestCluster();
        for (int n = 1; n <= 3; n++)
        {
            await cluster.AddNodeAsync($"node-{n}", o => o with { RecoveryGrace = TimeSpan.FromMilliseconds(50) });
        }

        Task lost = Task.CompletedTask;
        cluster.Run.OnStep = s =>
        {
            if (s is { Step: 3, Epoch: 1 })
            {
                lost = Lose(cluster, 2);
            }
        };
        await TrainAsync(cluster, Spec(cluster, copies: 1, nodes: 3));
        await lost;
        Assert.Equal(2, cluster.Run.Epochs[^1].Nodes.Count);
        Assert.All(cluster.Run.Faults, f => Assert.Equal(("live state, peer copies", 0L), (f.Rung, f.LostSteps)));
    }

    [Fact]
    public async Task Where_a_unit_is_lost_and_has_no_copy_the_run_goes_back_to_the_newest_complete_checkpoint_and_ends_the_same()
    {
        int left = 1;
        await using var cluster = new TestCluster
        {
            Updating = (unit, step) =>
            {
                if (step == 4 && unit == UnitId.Dense(1) && Interlocked.Exchange(ref left, 0) == 1)
                {
                    throw new InvalidOperationException("torn by the test");
                }
            },
        };
        await cluster.AddNodesAsync(2);
        RunSpec spec = Spec(cluster, copies: 0);
        await TrainAsync(cluster, spec with { Checkpoint = spec.Checkpoint with { Interval = 2, Asynchronous = false } }, once: false);
        FaultTimeline fault = Assert.Single(cluster.Run.Faults);
        Assert.Equal(("persisted checkpoint", 1L), (fault.Rung, fault.LostSteps));
        Assert.Contains("1 of 12 units of step 5 are lost (dense/1): no live state, no copy", fault.Reason, StringComparison.Ordinal);
    }

    /// <summary>From the coordinator's own thread: it decides no further step before the node is gone, for the run might be over first.</summary>
    private static Task Lose(TestCluster cluster, int node)
    {
        Task lost = cluster.LoseAsync(node);
        SpinWait.SpinUntil(() => lost.IsCompleted);
        return lost;
    }

    private static RunSpec Spec(TestCluster cluster, int copies, int nodes = 2, Precision precision = Precision.Float32) => TestRuns.Spec(cluster.Folder, Steps, nodes, s => s with
    {
        Checkpoint = new CheckpointSpec { Interval = 0 },
        Training = s.Training with { Precision = precision },
        Recovery = new RecoverySpec { Copies = copies },
    });

    /// <summary>Trains, and holds the result against the run that nothing happens to; <paramref name="once"/>: every step is decided exactly once.</summary>
    private static async Task TrainAsync(TestCluster cluster, RunSpec spec, bool once = true)
    {
        Reference expected = await Reference.TrainAsync(spec);
        Assert.Equal("completed", await cluster.TrainAsync(spec));
        RecordedRun run = cluster.Run;
        Assert.Equal(expected.Steps.Select(s => s.Loss), run.Steps.Values.Select(s => s.Loss));
        Assert.Equal(expected.Steps.SelectMany(s => s.Routed), run.Steps.Values.SelectMany(s => s.Load));
        Assert.Equal(expected.Steps.Select(s => Math.Round(s.Losses["balance"], 9)), run.Steps.Values.Select(s => Math.Round(s.Losses["balance"], 9)));
        Assert.Equal(expected.WeightsHash, run.Last!.WeightsHash);
        if (spec.Checkpoint.Mode == CheckpointMode.Full)
        {
            Assert.Equal(expected.StateHash, run.Last.StateHash);
        }

        if (once)
        {
            Assert.True(run.AllSteps.Select(s => s.Step).SequenceEqual(Enumerable.Range(0, Steps).Select(s => (long)s)), string.Join('\n', run.Notes));
        }
    }

    private static Dictionary<string, long> Incarnations(IReadOnlyDictionary<string, EpochPrepared> nodes) =>
        nodes.Values.SelectMany(n => n.Actors).ToDictionary(a => a.Name, a => a.Incarnation);
}
