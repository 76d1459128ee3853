using MoeActors.Actors.Exchange;
using MoeActors.Actors.Training;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;

using static TorchSharp.torch;

namespace MoeActors.Actors.Tests.Clusters;

/// <summary>RC-1 for every gate of the catalogue, its state included: a rank fails in its forward, a shard in its backward, a decision is missed, a unit is torn in its update; the run ends like the one nothing happens to.</summary>
public sealed class GateRecoveryTests
{
    private const int Steps = 8;

    public static TheoryData<string> Gates() => [.. GateCases.Names];

    [Theory]
    [MemberData(nameof(Gates))]
    public async Task Killed_in_forward_backward_and_update_it_ends_with_the_undisturbed_hashes(string gate)
    {
        int backward = 1;
        var sabotage = new Sabotage("rank-1", 2);
        var torn = new HashSet<UnitId> { UnitId.Dense(0), UnitId.Dense(2) };
        await using var cluster = new TestCluster
        {
            Trace = sabotage.Trace,
            Returning = (unit, step) =>
            {
                if (step == 3 && unit.Position == 1 && Interlocked.Exchange(ref backward, 0) == 1)
                {
                    throw new InvalidOperationException("killed in its backward by the test");
                }
            },
            Updating = (unit, step) =>
            {
                lock (torn)
                {
                    if (step == (unit.Index == 0 ? 4 : 6) && torn.Remove(unit))
                    {
                        throw new InvalidOperationException("torn by the test");
                    }
                }
            },
        };
        await cluster.AddNodesAsync(2);
        sabotage.Arm(cluster);
        await EndsUndisturbedAsync(cluster, gate);
        Assert.Empty(torn);
        Assert.Equal(0, backward);
        Assert.Equal(4, cluster.Run.Faults.Count);
    }

    /// <summary>The update that a unit missed is made up for by the decision, load included: without it the gate's state would be one step behind.</summary>
    [Fact]
    public async Task A_missed_decision_is_made_up_for_with_the_load_it_carries()
    {
        await using var cluster = new TestCluster();
        await cluster.AddNodesAsync(2);
        int left = 1;
        cluster.Run.OnStep = s =>
        {
            if (s is { Step: 4, Epoch: 1 } && Interlocked.Exchange(ref left, 0) == 1)
            {
                for (int rank = 0; rank < 4; rank++)
                {
                    cluster.TellDeviceActor($"rank-{rank}", new Quiesce(1));
                }

                cluster.TellDeviceActor("expert-shard-0-3", new Ticket(
                    new FrameHeader { Epoch = 1, Step = 5, Purpose = (Purpose)99, Source = new Endpoint(EndpointKind.Rank, 0, 0).Packed, ChunkCount = 1 }, [], zeros(1, 1).DetachFromDisposeScope()));
            }
        };
        await EndsUndisturbedAsync(cluster, "deepseek-v3");
        Assert.NotEmpty(cluster.Run.Faults);
    }

    private static async Task EndsUndisturbedAsync(TestCluster cluster, string gate)
    {
        RunSpec spec = TestRuns.Spec(cluster.Folder, Steps, 2, s => s with
        {
            Model = s.Model with { Moe = GateCases.With(s.Model.Moe, gate) },
            Checkpoint = new CheckpointSpec { Interval = 0 },
            Recovery = new RecoverySpec { Copies = 1 },
        });
        Reference expected = await Reference.TrainAsync(spec);
        Assert.Equal("completed", await cluster.TrainAsync(spec));
        RecordedRun run = cluster.Run;
        Assert.Equal(expected.Steps.Select(s => s.Loss), run.Steps.Values.Select(s => s.Loss));
        Assert.Equal(expected.Steps.SelectMany(s => s.Routed), run.Steps.Values.SelectMany(s => s.Load));
        foreach ((IReadOnlyDictionary<string, double> there, IReadOnlyDictionary<string, double> here) in expected.Steps.Select(s => s.Losses).Zip(run.Steps.Values.Select(s => s.Losses)))
        {
            Assert.Equal(there.Keys.Order(), here.Keys.Order());
            Assert.All(there, l => Assert.Equal(l.Value, here[l.Key], 1e-9));
        }

        Assert.Equal(expected.WeightsHash, run.Last!.WeightsHash);
        Assert.Equal(expected.StateHash, run.Last.StateHash);
    }
}
