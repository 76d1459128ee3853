using CsCheck;
using MoeActors.Compute.Checkpoints.Partial;

namespace MoeActors.Compute.Tests.Checkpoints.Partial;

public sealed class OverheadModelTests
{
    /// <summary>λ = 1000/1e6 = 0.001 a step; O_save = 200 ms; I* = √(2·0.2/0.001) = 20.</summary>
    private static readonly OverheadInputs Inputs = new()
    {
        ForwardBackwardMs = 800,
        IterationMs = 1000,
        SnapshotMs = 1000,
        PersistMs = 5000,
        RestartMs = 30_000,
        TotalSteps = 10_000,
        IntervalSteps = 20,
        MtbfMs = 1e6,
        Experts = 16,
        KSnapshot = 4,
        KPersist = 2,
        FailedShare = 0.25,
    };

    [Fact]
    public void The_worked_example_comes_out()
    {
        OverheadPrediction p = OverheadModel.Predict(Inputs);
        Assert.Equal(200, p.SaveMs);
        Assert.Equal(10, p.ExpectedFaults, 9);
        Assert.Equal(40_000, p.RecoveryMs);
        Assert.Equal((200 * 500) + (10 * 40_000), p.OverheadMs, 6);
        Assert.Equal(20, p.OptimalIntervalSteps);
        Assert.Equal(1 / (1.01 * 1.04), p.Ettr, 12);
        Assert.Equal(10 * 20.0 / 20_000 * ((0.25 * 7) + (0.75 * 3)), p.Plt, 12);
        Assert.Contains("the best interval is 20 steps", p.Reason);
    }

    [Fact]
    public void A_hidden_copy_is_taken_as_often_as_storage_can_follow()
    {
        OverheadPrediction p = OverheadModel.Predict(Inputs with { SnapshotMs = 700, PersistMs = 5001 });
        Assert.Equal((0, 6), (p.SaveMs, p.OptimalIntervalSteps));
        Assert.Equal(1, OverheadModel.OptimalIntervalSteps(0, 0, 1000, 1e6));
    }

    [Fact]
    public void Without_faults_nothing_is_lost_and_saving_never_pays()
    {
        OverheadPrediction p = OverheadModel.Predict(Inputs with { MtbfMs = double.PositiveInfinity });
        Assert.Equal((0, 0, double.PositiveInfinity), (p.ExpectedFaults, p.Plt, p.OptimalIntervalSteps));
        Assert.Equal(1 / 1.01, p.Ettr, 12);
        Assert.Contains("the whole run", p.Reason);
    }

    [Fact]
    public void No_interval_costs_less_than_the_optimal_one() => (
        from snapshot in Gen.Double[0, 5000] from persist in Gen.Double[0, 30_000] from mtbf in Gen.Double[1e4, 1e8] from other in Gen.Int[1, 2000] select (snapshot, persist, mtbf, other)).Sample(c =>
        {
            OverheadInputs inputs = Inputs with { SnapshotMs = c.snapshot, PersistMs = c.persist, MtbfMs = c.mtbf };
            double best = OverheadModel.Predict(inputs).OptimalIntervalSteps;
            double Cost(double interval) => OverheadModel.Predict(inputs with { IntervalSteps = interval }).OverheadMs;
            Assert.True(c.other < Math.Ceiling(c.persist / 1000) || Cost(best) <= Cost(c.other) * (1 + 1e-12), $"{best} against {c.other}");
            Assert.True(best >= c.persist / 1000 && best == Math.Floor(best));
        });
}
