using MoeActors.Compute.Optimization;
using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Tests.Optimization;

public sealed class ScheduleTests
{
    private static readonly TrainingSpec Training = new() { Steps = 110, GlobalBatch = 1, LearningRate = 1e-3, MinLearningRate = 1e-4, WarmupSteps = 10 };

    [Theory]
    [InlineData(1, 1e-4)]
    [InlineData(10, 1e-3)]
    [InlineData(60, 5.5e-4)]
    [InlineData(110, 1e-4)]
    [InlineData(500, 1e-4)]
    public void Warms_up_linearly_then_falls_by_half_a_cosine(long step, double expected) =>
        Assert.Equal(expected, Schedule.LearningRate(Training, step), 12);

    [Fact]
    public void Never_rises_after_the_warm_up_and_begins_at_the_peak_without_one()
    {
        double[] rates = [.. Enumerable.Range(10, 105).Select(s => Schedule.LearningRate(Training, s))];
        Assert.Equal(rates.OrderDescending(), rates);
        Assert.InRange(Schedule.LearningRate(Training with { WarmupSteps = 0 }, 1), 0.999e-3, 1e-3);
    }

    [Fact]
    public void The_norm_is_clipped_only_where_it_is_too_large()
    {
        Assert.Equal(0.25, Clipping.Scale(4, 1));
        Assert.Equal(1, Clipping.Scale(0.5, 1));
        Assert.Equal(1, Clipping.Scale(4, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Clipping.Scale(double.NaN, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Clipping.Scale(double.PositiveInfinity, 1));
    }
}
