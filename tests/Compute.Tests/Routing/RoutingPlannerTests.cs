using CsCheck;
using MoeActors.Compute.Routing;
using MoeActors.Compute.Routing.Capacity;
using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Tests.Routing;

public sealed class RoutingPlannerTests
{
    private static readonly double[] Factors = [0, 0.5, 1, 1.25, 2];

    private static readonly Gen<Case> Cases =
        from experts in Gen.Int[1, 9]
        from topK in Gen.Int[1, Math.Min(3, experts)]
        from tokens in Gen.Int[0, 60]
        from parallel in Gen.Int[1, experts]
        from chunkRows in Gen.Int[1, 20]
        from factor in Gen.Int[0, Factors.Length - 1].Select(i => Factors[i])
        from training in Gen.Bool
        from choices in Gen.Shuffle(Enumerable.Range(0, experts).ToArray()).Array[tokens]
        from scores in Gen.Int[0, 5].Array[tokens * topK] // few values: many ties
        select new Case(
            new MoeSpec { Experts = experts, TopK = topK, ExpertHidden = 1, CapacityFactor = factor },
            new LogicalLayout { Ranks = parallel, ExpertParallel = parallel, ChunkRows = chunkRows },
            [.. choices.SelectMany(c => c.Take(topK))],
            [.. scores.Select(s => s / 5f)],
            tokens,
            training);

    [Fact]
    public void Each_kept_choice_appears_exactly_once_in_order_of_expert_and_token() => Cases.Sample(c =>
    {
        RoutingPlan plan = c.Plan();
        var rows = Rows(plan, c.Moe);
        Assert.Equal(rows.OrderBy(r => (r.Expert, r.Token)), rows);
        Assert.Equal(rows.Count, rows.Distinct().Count());
        Assert.All(rows, r => Assert.Equal((r.Expert, r.Token), (c.Experts[r.Choice], r.Choice / c.Moe.TopK)));
        Assert.Equal(Enumerable.Range(0, c.Moe.Experts).Select(e => c.Experts.Count(x => x == e)), plan.Routed);
    });

    [Fact]
    public void Capacity_is_never_exceeded_and_only_the_lowest_scores_are_dropped() => Cases.Sample(c =>
    {
        RoutingPlan plan = c.Plan();
        int capacity = c.Training ? RoutingPlanner.Capacity(c.Moe, c.Tokens) : int.MaxValue;
        var kept = Rows(plan, c.Moe).Select(r => r.Choice).ToHashSet();
        for (int e = 0; e < c.Moe.Experts; e++)
        {
            Assert.Equal(Math.Min(plan.Routed[e], capacity), plan.Kept[e]);
            int[] all = [.. Enumerable.Range(0, c.Experts.Length).Where(i => c.Experts[i] == e)];
            IEnumerable<int> best = all.OrderByDescending(i => c.Scores[i]).ThenBy(i => i).Take(plan.Kept[e]);
            Assert.Equal(best.Order(), all.Where(kept.Contains));
        }
    });

    [Fact]
    public void Without_capacity_or_outside_training_nothing_is_dropped() => Cases.Sample(c =>
    {
        if (c.Moe.CapacityFactor == 0 || !c.Training)
        {
            Assert.Equal(c.Tokens * c.Moe.TopK, c.Plan().Rows);
        }
    });

    [Theory]
    [InlineData(1.25, 2, 8, 64, 20)]
    [InlineData(1.1, 1, 10, 100, 11)]
    [InlineData(1, 1, 3, 10, 4)]
    [InlineData(0, 1, 3, 10, int.MaxValue)]
    public void Capacity_is_the_exact_ceiling(double factor, int topK, int experts, int tokens, int expected) =>
        Assert.Equal(expected, RoutingPlanner.Capacity(new MoeSpec { Experts = experts, TopK = topK, ExpertHidden = 1, CapacityFactor = factor }, tokens));

    [Fact]
    public void A_choice_of_an_expert_that_does_not_exist_is_refused()
    {
        var layout = new LogicalLayout { Ranks = 1, ExpertParallel = 1 };
        Assert.Throws<IndexOutOfRangeException>(() => RoutingPlanner.Plan(layout, 2, 2, new Choices(2, [0, 1], [0, 2], [1f, 1f])));
    }

    [Fact]
    public void A_token_may_choose_any_number_of_experts_none_included() =>
        Gen.Select(Gen.Int[1, 6], Gen.Int[0, 30]).SelectMany((experts, tokens) => Gen.Bool.Array[experts].Array[tokens].Select(wants => (experts, wants))).Sample(c =>
        {
            (int Token, int Expert)[] pairs = [.. c.wants.SelectMany((w, t) => Enumerable.Range(0, c.experts).Where(e => w[e]).Select(e => (t, e)))];
            var choices = new Choices(c.wants.Length, [.. pairs.Select(p => p.Token)], [.. pairs.Select(p => p.Expert)], new float[pairs.Length]);
            RoutingPlan plan = RoutingPlanner.Plan(new LogicalLayout { Ranks = 1, ExpertParallel = 1, ChunkRows = 4 }, c.experts, c.experts, choices);
            Assert.Equal(pairs.OrderBy(p => (p.Expert, p.Token)), plan.Choice.Select(i => pairs[i]));
            Assert.Equal(plan.Token, plan.Choice.Select(i => pairs[i].Token));
            Assert.Equal(pairs.Length, plan.Choices);
        });

    private static List<(int Expert, int Token, int Choice)> Rows(RoutingPlan plan, MoeSpec moe)
    {
        var rows = new List<(int, int, int)>();
        for (int e = 0, row = 0; e < moe.Experts; e++)
        {
            for (int i = 0; i < plan.Kept[e]; i++, row++)
            {
                rows.Add((e, plan.Token[row], plan.Choice[row]));
            }
        }

        Assert.Equal(plan.Rows, rows.Count);
        return rows;
    }

    private sealed record Case(MoeSpec Moe, LogicalLayout Layout, int[] Experts, float[] Scores, int Tokens, bool Training)
    {
        public RoutingPlan Plan()
        {
            var choices = new Choices(Tokens, [.. Enumerable.Range(0, Experts.Length).Select(i => i / Moe.TopK)], Experts, Scores);
            int most = Training ? RoutingPlanner.Capacity(Moe, Tokens) : int.MaxValue;
            return RoutingPlanner.Plan(Layout, Moe.Experts, Moe.Experts, choices, CapacityCatalogue.Of(Moe).Decide(choices, new CapacityLimits(Moe.Experts, most)).Kept);
        }
    }
}
