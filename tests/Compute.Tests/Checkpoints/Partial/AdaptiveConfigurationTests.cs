using CsCheck;
using MoeActors.Compute.Checkpoints.Partial;

namespace MoeActors.Compute.Tests.Checkpoints.Partial;

public sealed class AdaptiveConfigurationTests
{
    /// <summary>Copy: 100 ms and 100 ms for each K; write: ten times that.</summary>
    private static readonly AdaptiveProfile Profile = new()
    {
        ForwardBackwardMs = 450,
        IterationMs = 600,
        SnapshotBytesPerSecond = 1e9,
        PersistBytesPerSecond = 1e8,
        DenseBytes = 1e8,
        ExpertBytes = 2.5e7,
        Experts = 16,
        MoeLayers = 4,
        TotalSteps = 10_000,
        MtbfMs = 6e5,
    };

    [Fact]
    public void The_largest_copy_that_hides_is_taken_as_often_as_the_smallest_write_allows()
    {
        AdaptiveChoice c = AdaptiveConfiguration.Choose(Profile);
        Assert.Equal((3, 1, 4L, 0.0), (c.KSnapshot, c.KPersist, c.IntervalSteps, c.SaveMs));
        Assert.Equal(
            "K_snapshot = 3 of 16 (the largest that hides; its copy takes 400 ms of the 450 ms of forward and backward), K_persist = 1 (the least), every 4 steps (writing takes 2000 ms, 3.3 steps)",
            c.Reason);
    }

    [Fact]
    public void Of_full_checkpoints_the_interval_alone_is_chosen_and_none_that_storage_can_follow_costs_less() => Gen.Select(
        Gen.Double[50, 5000], Gen.Double[1e7, 1e10], Gen.Double[1e7, 1e9], Gen.Double[1e5, 1e8]).Sample(
        (forward, snapshot, persist, mtbf) =>
        {
            AdaptiveProfile profile = Profile with { ForwardBackwardMs = forward, IterationMs = forward + 10, SnapshotBytesPerSecond = snapshot, PersistBytesPerSecond = persist, MtbfMs = mtbf };
            AdaptiveChoice c = AdaptiveConfiguration.ChooseInterval(profile);
            Assert.Equal((16, 16, 0.0), (c.KSnapshot, c.KPersist, c.ExpectedPlt));
            Assert.InRange(c.IntervalSteps, 1, 10_000);
            double Cost(double interval) => OverheadModel.Predict(new OverheadInputs
            {
                ForwardBackwardMs = forward,
                IterationMs = forward + 10,
                SnapshotMs = profile.SnapshotMs(16),
                TotalSteps = profile.TotalSteps,
                IntervalSteps = interval,
                MtbfMs = mtbf,
                Experts = 16,
                KSnapshot = 16,
                KPersist = 16,
            }).OverheadMs;
            double least = Math.Max(1, Math.Ceiling(profile.PersistMs(16) / (forward + 10)));
            Assert.True(c.IntervalSteps >= Math.Min(least, 10_000), c.Reason);
            foreach (long other in new[] { c.IntervalSteps - 1, c.IntervalSteps + 1 }.Where(i => i >= least && i <= 10_000))
            {
                Assert.True(Cost(c.IntervalSteps) <= Cost(other) * (1 + 1e-9), $"{c.Reason}, but {other} costs less");
            }
        });

    [Fact]
    public void A_copy_that_cannot_hide_is_kept_small_and_rare()
    {
        AdaptiveChoice c = AdaptiveConfiguration.Choose(Profile with { ForwardBackwardMs = 80 });
        Assert.Equal((1, 1, 120.0), (c.KSnapshot, c.KPersist, c.SaveMs));
        Assert.Equal(20, c.IntervalSteps);
        Assert.Contains("the best between stalls and repeated steps", c.Reason);
    }

    [Fact]
    public void A_budget_shortens_the_interval_where_storage_can_follow()
    {
        AdaptiveChoice c = AdaptiveConfiguration.Choose(Profile with { ForwardBackwardMs = 80, PltBudget = 0.03, MtbfMs = 6e6 });
        Assert.Equal((1, 1, 40L), (c.KSnapshot, c.KPersist, c.IntervalSteps));
        Assert.Contains("the PLT budget allows no more", c.Reason);
    }

    [Fact]
    public void A_budget_that_storage_cannot_follow_at_a_small_K_raises_K()
    {
        AdaptiveChoice c = AdaptiveConfiguration.Choose(Profile with { PltBudget = 0.01, TotalSteps = 1000, MtbfMs = 6e4 });
        Assert.Equal((15, 15, 27L), (c.KSnapshot, c.KPersist, c.IntervalSteps));
        Assert.Equal(1150, c.SaveMs, 9);
        Assert.Equal(0.009, c.ExpectedPlt, 9);
        Assert.Contains("K_persist asks for it, 1150 ms stall", c.Reason);
    }

    [Fact]
    public void What_is_chosen_hides_where_it_can_is_followed_by_storage_and_keeps_the_budget() => (
        from fb in Gen.Double[1, 3000]
        from persist in Gen.Double[1e7, 1e9]
        from n in Gen.Int[1, 32]
        from mtbf in Gen.Double[1e4, 1e8]
        from budget in Gen.Double[0.0001, 0.2]
        from bounded in Gen.Bool
        select Profile with { ForwardBackwardMs = fb, PersistBytesPerSecond = persist, Experts = n, MtbfMs = mtbf, PltBudget = bounded ? budget : null }).Sample(p =>
        {
            AdaptiveChoice c = AdaptiveConfiguration.Choose(p);
            Assert.InRange(c.KPersist, 1, c.KSnapshot);
            Assert.InRange(c.KSnapshot, 1, p.Experts);
            Assert.InRange(c.IntervalSteps, Math.Ceiling(p.PersistMs(c.KPersist) / p.IterationMs), p.TotalSteps);
            Assert.True(c.SaveMs == 0 || c.KSnapshot == c.KPersist, "a stall that nothing asks for");
            Assert.True(c.KSnapshot == p.Experts || p.SnapshotMs(c.KSnapshot + 1) > p.ForwardBackwardMs, "a larger copy would hide");
            Assert.True(p.PltBudget is null || c.ExpectedPlt <= p.PltBudget * (1 + 1e-9));
            Assert.True(p.PltBudget is not null || c.KPersist == 1);
        });
}
