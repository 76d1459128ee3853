using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Tests.Models;

/// <summary>The optimizer's units.</summary>
public sealed class UnitOrderTests
{
    private static readonly RunSpec Spec = TinyRun.Spec(ranks: 4, expertParallel: 2);
    private static readonly UnitOrder Units = new(Spec.Model, Spec.Layout);

    [Fact]
    public void Dense_shards_come_first_by_rank_then_experts_by_layer_position_and_group() => Assert.Equal(
        [
            "dense/0", "dense/1", "dense/2", "dense/3",
            "experts/1/0/0", "experts/1/0/1", "experts/1/1/0", "experts/1/1/1", "experts/2/0/0", "experts/2/0/1", "experts/2/1/0", "experts/2/1/1",
        ],
        Units.Units.Select(u => u.ToString()));

    [Fact]
    public void Each_unit_is_owned_by_a_rank_that_computes_with_it()
    {
        Assert.Equal([0, 1, 2, 3, 0, 2, 1, 3, 0, 2, 1, 3], Units.Units.Select(Units.OwnerRank));
        Assert.All(Units.Units.Where(u => u.Kind == UnitKind.Experts), u =>
        {
            Assert.Equal(u.Index, Spec.Layout.GroupOf(Units.OwnerRank(u)));
            Assert.Equal(u.Position, Spec.Layout.PositionOf(Units.OwnerRank(u)));
        });
    }

    [Fact]
    public void The_shards_of_a_group_cover_it()
    {
        foreach (IGrouping<ParameterLayout, UnitId> group in Units.Units.GroupBy(Units.LayoutOf))
        {
            Assert.Equal(group.Key.Total, group.Sum(u => Units.ShardOf(u).Count));
        }

        long parameters = Units.Units.Select(Units.LayoutOf).Distinct().SelectMany(l => l.Entries).Sum(e => e.Count);
        Assert.Equal(ParameterCounts.Of(Spec.Model).Total, parameters);
    }

    [Fact]
    public void Names_are_read_back()
    {
        Assert.All(Units.Units, u => Assert.Equal(u, UnitId.Parse(u.ToString())));
        foreach (string bad in new[] { "", "dense", "dense/x", "dense/-1", "dense/1/2", "experts/1/2", "expert/1/2/3", "experts/1/2/3/4" })
        {
            Assert.Contains($"'{bad}'", Assert.Throws<FormatException>(() => UnitId.Parse(bad)).Message, StringComparison.Ordinal);
        }
    }
}
