using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Faults.Agent.Injectors;
using MoeActors.Actors.State;
using MoeActors.Actors.Training;
using MoeActors.Compute.Specs;

using static TorchSharp.torch;

namespace MoeActors.Actors.Tests.Clusters;

/// <summary>A value of the live state changes while nobody may change it: it is noticed before anything computed with it counts, and the unit comes back exactly (RC-1).</summary>
public sealed class SilentCorruptionTests
{
    private const int Steps = 8;

    [Theory]
    [InlineData(Precision.Float32, "weights")]
    [InlineData(Precision.Float32, "m")]
    [InlineData(Precision.BFloat16, "weights")]
    [InlineData(Precision.BFloat16, "master")]
    public async Task It_costs_the_step_in_flight_and_leaves_no_trace(Precision precision, string what)
    {
        RecordedRun run = await TrainAsync(integrity: true, precision, "expert-shard-1-2", what, out Task<Reference> expected);
        Assert.Equal((await expected).WeightsHash, run.Last!.WeightsHash);
        Assert.Equal((await expected).StateHash, run.Last.StateHash);
        FaultTimeline fault = Assert.Single(run.Faults);
        Assert.Equal(("silent-corruption", "live state, peer copies", 0L), (fault.Kind, fault.Rung, fault.LostSteps));
        Assert.Matches("changed between two updates", fault.Reason);
    }

    [Theory]
    [InlineData(Precision.Float32)]
    [InlineData(Precision.BFloat16)]
    public async Task The_dense_weights_are_guarded_too(Precision precision)
    {
        RecordedRun run = await TrainAsync(integrity: true, precision, "rank-1", "weights", out Task<Reference> expected);
        Assert.Equal((await expected).WeightsHash, run.Last!.WeightsHash);
        Assert.Equal("silent-corruption", Assert.Single(run.Faults).Kind);
    }

    [Fact]
    public async Task A_range_that_came_from_another_rank_is_fetched_again()
    {
        RecordedRun run = await TrainAsync(integrity: true, Precision.Float32, "rank-0", "remote", out Task<Reference> expected);
        Assert.Equal((await expected).WeightsHash, run.Last!.WeightsHash);
        FaultTimeline fault = Assert.Single(run.Faults);
        Assert.Equal(("silent-corruption", "live state", 0L), (fault.Kind, fault.Rung, fault.LostSteps));
    }

    [Theory]
    [InlineData("weights")]
    [InlineData("m")]
    public async Task With_the_defence_off_the_result_is_another_and_nobody_notices(string what)
    {
        RecordedRun run = await TrainAsync(integrity: false, Precision.BFloat16, "expert-shard-1-2", what, out Task<Reference> expected);
        Assert.Empty(run.Faults);
        Assert.NotEqual((await expected).StateHash, run.Last!.StateHash);
    }

    private static Task<RecordedRun> TrainAsync(bool integrity, Precision precision, string actor, string what, out Task<Reference> expected)
    {
        var cluster = new TestCluster();
        RunSpec spec = TestRuns.Spec(cluster.Folder, Steps, 2, s => s with
        {
            Checkpoint = new CheckpointSpec { Interval = 0 },
            Training = s.Training with { Precision = precision },
            Recovery = new RecoverySpec { Copies = 1, Integrity = integrity },
        });
        expected = Reference.TrainAsync(spec);
        return DisturbedAsync(cluster, spec, actor, what);
    }

    private static async Task<RecordedRun> DisturbedAsync(TestCluster cluster, RunSpec spec, string actor, string what)
    {
        await using (cluster)
        {
            await cluster.AddNodesAsync(2);
            cluster.Run.OnStep = s =>
            {
                if (s is { Step: 3, Epoch: 1 })
                {
                    cluster.TellDeviceActor(actor, new InjectedWork((unit, epoch) => epoch is not null && unit!.Step == 4 && Array.TrueForAll(unit.Ranges, r => r == 4) && Change(unit, what)));
                }
            };
            Assert.Equal("completed", await cluster.TrainAsync(spec));
            return cluster.Run;
        }
    }

    private static bool Change(UnitState unit, string what)
    {
        (Tensor flat, long at) = what switch
        {
            "weights" => (unit.Weights, unit.Begin),
            "remote" => (unit.Weights, unit.Weights.numel() - 1 - unit.Begin),
            "m" => (unit.Optimizer.First, 0),
            _ => (unit.Optimizer.Master, 0),
        };
        CorruptState.Change(flat, at);
        return true;
    }
}
