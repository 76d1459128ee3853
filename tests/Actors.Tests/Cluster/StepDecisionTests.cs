using CsCheck;

using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Cluster;

public sealed class StepDecisionTests
{
    private static readonly RunSpec Spec = Specs.Run();

    [Fact]
    public void However_the_reports_are_grouped_by_node_the_sums_are_bitwise_the_same() =>
        Gen.Select(Gen.Int[1, 9], Gen.Int[1, 20], Gen.Int).Sample((ranks, units, seed) =>
        {
            var random = new Random(seed);
            RankReport[] byRank = Enumerable.Range(0, ranks).Select(r => Rank(r, random)).ToArray();
            UnitReport[] byUnit = Enumerable.Range(0, units).Select(u => new UnitReport(u, Math.Exp(random.Next(-30, 30)) * random.NextDouble())).ToArray();
            DecidedStep one = StepDecisions.Evaluate(Spec, 3, 7, [Report("a", byRank, byUnit)]);
            DecidedStep other = StepDecisions.Evaluate(Spec, 3, 7, Scatter(byRank, byUnit, random));
            Assert.Equal(one.Load, other.Load);
            Assert.Equal(one.Losses, other.Losses);
            var none = new Dictionary<string, double>();
            Assert.Equal(one with { Load = [], Losses = none }, other with { Load = [], Losses = none });
        });

    [Fact]
    public void Losses_are_means_over_tokens_and_norms_roots_of_sums()
    {
        RankReport[] ranks = [new(0, 30, 10, [new("balance", 1), new("router-z", 4)], 2, 5, 1, []), new(1, 10, 10, [new("balance", 3), new("router-z", 6)], 1, 9, 8, [])];
        DecidedStep step = StepDecisions.Evaluate(Spec, 1, 4, [Report("a", ranks, [new(0, 9), new(1, 16)])]);
        Assert.Equal((2.0, 20L, 5.0, 2.0, 5.0, 3L), (step.Loss, step.Tokens, step.GradientNorm, step.Losses["balance"], step.Losses["router-z"], step.Dropped));
        Assert.Equal((false, 8.0, 1), (step.Skipped, step.ExposedMs, step.SlowestRank));
    }

    [Theory]
    [InlineData(double.NaN, 1)]
    [InlineData(double.PositiveInfinity, 1)]
    [InlineData(1, double.NaN)]
    [InlineData(1, double.PositiveInfinity)]
    public void A_loss_or_norm_that_is_not_finite_skips_the_step(double loss, double squaredNorm)
    {
        RankReport[] ranks = [new(0, 1, 10), new(1, loss, 10)];
        DecidedStep step = StepDecisions.Evaluate(Spec, 1, 4, [Report("a", ranks, [new(0, 1), new(1, squaredNorm)])]);
        Assert.True(step.Skipped);
        Assert.Equal(0, StepDecisions.GradientScale(Spec, step));
    }

    [Fact]
    public void A_norm_above_the_limit_is_scaled_down_to_it_and_one_below_is_left_alone()
    {
        RankReport[] ranks = [new(0, 1, 10)];
        DecidedStep steep = StepDecisions.Evaluate(Spec, 1, 0, [Report("a", ranks, [new(0, 16)])]);
        DecidedStep flat = StepDecisions.Evaluate(Spec, 1, 0, [Report("a", ranks, [new(0, 0.25)])]);
        Assert.Equal(1.0, steep.GradientNorm * StepDecisions.GradientScale(Spec, steep), 5);
        Assert.Equal(1.0, StepDecisions.GradientScale(Spec, flat));
    }

    private static RankReport Rank(int rank, Random r) =>
        new(rank, r.NextDouble() * 1000, r.Next(1, 500), [new("balance", r.NextDouble()), new("router-z", r.NextDouble())], r.Next(9), r.NextDouble(), r.NextDouble(), []);

    private static StepReport Report(string node, IReadOnlyList<RankReport> ranks, IReadOnlyList<UnitReport> units) => new(3, 7, node, ranks, units, 0);

    private static StepReport[] Scatter(RankReport[] ranks, UnitReport[] units, Random random)
    {
        int nodes = random.Next(1, ranks.Length + 1);
        var perNode = Enumerable.Range(0, nodes).Select(_ => (Ranks: new List<RankReport>(), Units: new List<UnitReport>())).ToArray();
        foreach (RankReport rank in ranks.OrderBy(_ => random.Next()))
        {
            perNode[random.Next(nodes)].Ranks.Add(rank);
        }

        foreach (UnitReport unit in units.OrderBy(_ => random.Next()))
        {
            perNode[random.Next(nodes)].Units.Add(unit);
        }

        return perNode.Select((n, i) => Report($"n{i}", n.Ranks, n.Units)).ToArray();
    }
}
