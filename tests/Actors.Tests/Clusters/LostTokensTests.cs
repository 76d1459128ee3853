using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Compute.Checkpoints.Partial;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Clusters;

/// <summary>PLT of real runs against the closed form (MoC, Eq. 7): real routing, real faults, real restores.</summary>
public sealed class LostTokensTests
{
    [Fact]
    public async Task Measured_over_many_faults_the_proportion_of_lost_tokens_is_within_a_tenth_of_the_closed_form()
    {
        // A round over the six experts takes 12 steps: between two faults each expert is saved, so that each fault costs a whole round's ages.
        // Odd steps: at an even one the survivors' live state is the recovery point itself, and nothing is lost.
        const int steps = 240, interval = 2;
        long[] faults = [.. Enumerable.Range(1, 9).Select(i => (26L * i) - 1)];
        var sabotage = new Sabotage("rank-2", faults);
        await using var cluster = new TestCluster { Trace = sabotage.Trace };
        await cluster.AddNodesAsync(2);
        sabotage.Arm(cluster);
        RunSpec spec = PartialCheckpointTests.Partial(cluster, steps, k: 1);
        spec = spec with { Checkpoint = spec.Checkpoint with { Interval = interval, Vault = VaultUse.Off, Keep = 20 } };
        Assert.Equal("completed", await cluster.TrainAsync(spec));

        Assert.Equal(faults.Length, cluster.Run.Faults.Count);
        double closed = PltModel.OneLevel(interval, steps, spec.Model.Moe.Experts, 1);
        double measured = cluster.Run.Faults.Average((FaultTimeline f) => f.Plt);
        Assert.InRange(measured, closed * 0.9, closed * 1.1);
    }
}
