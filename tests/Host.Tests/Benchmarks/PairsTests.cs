using CsCheck;

using MoeActors.Bench;
using MoeActors.Bench.Versus;

namespace MoeActors.Host.Tests.Benchmarks;

/// <summary>What a comparison of two builds may claim.</summary>
public sealed class PairsTests
{
    [Fact]
    public void A_drift_that_both_sides_of_each_pair_share_is_no_difference() => Gen.Double[0.1, 10].Array[15].Sample(drift =>
    {
        (double ratio, double low, double high) = Pairs.Ratio([.. drift.Select(d => 1.1 * d)], drift);
        Assert.Equal(1.1, ratio, 9);
        Assert.Equal(1.1, low, 9);
        Assert.Equal(1.1, high, 9);
    });

    [Fact]
    public void The_interval_holds_the_ratio_and_is_the_same_each_time() => Gen.Select(Gen.Double[1, 2].Array[15], Gen.Double[1, 2].Array[15]).Sample((ours, theirs) =>
    {
        Assert.All([Pairs.Ratio(ours, theirs), Pairs.MedianRatio(ours, theirs)], r => Assert.InRange(r.Ratio, r.Low - 1e-9, r.High + 1e-9));
        Assert.Equal(Pairs.Ratio(ours, theirs), Pairs.Ratio(ours, theirs));
    }, iter: 30);

    [Fact]
    public void Without_another_build_the_comparison_says_what_is_missing() => Assert.Contains(
        "expected the folder of a clone", Assert.Throws<BenchException>(() => new VersusOptions { Against = "/nowhere" }.Program).Message, StringComparison.Ordinal);
}
