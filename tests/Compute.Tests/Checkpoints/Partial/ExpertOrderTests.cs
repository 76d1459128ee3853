using CsCheck;
using MoeActors.Compute.Checkpoints.Partial;
using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Tests.Checkpoints.Partial;

public sealed class ExpertOrderTests
{
    [Fact]
    public void An_even_layout_gives_the_permutation_of_the_formula() =>
        (from d in Gen.Int[1, 8] from each in Gen.Int[1, 8] select (d, each)).Sample((d, each) =>
            Assert.Equal(Enumerable.Range(0, d * each).Select(i => (i % d * each) + (i / d)), ExpertOrder.Of(Layout(d), d * each)));

    [Fact]
    public void Every_expert_comes_once_and_each_round_visits_the_positions_that_still_hold_one() =>
        (from d in Gen.Int[1, 8] from n in Gen.Int[d, 40] select (d, n)).Sample((d, n) =>
        {
            LogicalLayout layout = Layout(d);
            IReadOnlyList<int> order = ExpertOrder.Of(layout, n);
            Assert.Equal(Enumerable.Range(0, n), order.Order());
            Assert.Equal(Enumerable.Range(0, n).Select(i => i % d), order.Select(e => layout.PositionOfExpert(e, n)));
        });

    [Fact]
    public void Uneven_counts_are_walked_too() => Assert.Equal([0, 3, 5, 1, 4, 6, 2], ExpertOrder.Of(Layout(3), 7));

    private static LogicalLayout Layout(int d) => new() { Ranks = d, ExpertParallel = d };
}
