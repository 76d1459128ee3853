using CsCheck;

using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Cluster.Placements;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Tests.Cluster;

public sealed class PlacementTests
{
    // A history of memberships over up to six node names; a replaced node has a new incarnation under its old name.
    private static readonly Gen<(int Ranks, (int Node, int Start)[][] History)> Histories = Gen.Select(
        Gen.Int[1, 12],
        Gen.Select(Gen.Int[0, 5], Gen.Frequency((5, Gen.Const(0)), (1, Gen.Const(1)))).Array[1, 6].Select(a => a.DistinctBy(x => x.Item1).ToArray()).Array[1, 5]);

    [Fact]
    public void Every_rank_has_a_node_every_node_a_rank_and_shares_differ_by_one_at_most() => Histories.Sample((ranks, history) =>
    {
        Placement? before = null;
        foreach ((int Node, int Start)[] members in history)
        {
            NodeIdentity[] nodes = members.Select(m => Nodes.Of(m.Node, m.Start)).ToArray();
            before = PlacementPlanner.Plan(ranks, nodes, before);
            int[] shares = Enumerable.Range(0, before.Nodes.Count).Select(n => before.NodeOfRank.Count(x => x == n)).ToArray();
            Assert.Equal(ranks, before.NodeOfRank.Count);
            Assert.Equal(Math.Min(ranks, nodes.Length), before.Nodes.Count);
            Assert.All(before.Nodes, n => Assert.Contains(n, nodes));
            Assert.All(before.NodeOfRank, n => Assert.InRange(n, 0, before.Nodes.Count - 1));
            Assert.True(shares.Max() - shares.Min() <= 1 && shares.Min() >= 1, $"shares {string.Join(' ', shares)} of {ranks} ranks");
        }
    }, iter: 3000);

    [Fact]
    public void A_survivor_keeps_as_many_of_its_ranks_as_its_share_allows() => Histories.Sample((ranks, history) =>
    {
        Placement? before = null;
        foreach ((int Node, int Start)[] members in history)
        {
            Placement next = PlacementPlanner.Plan(ranks, members.Select(m => Nodes.Of(m.Node, m.Start)).ToArray(), before);
            for (int n = 0; n < next.Nodes.Count && before is not null; n++)
            {
                int[] held = RanksOf(before, next.Nodes[n]), holds = RanksOf(next, next.Nodes[n]);

                // Keeping fewer than min(old, new) would have moved a rank for nothing.
                Assert.Equal(Math.Min(held.Length, holds.Length), held.Intersect(holds).Count());
            }

            before = next;
        }
    }, iter: 3000);

    [Fact]
    public void The_same_members_in_any_order_give_the_same_placement() => Histories.Sample((ranks, history) =>
    {
        Placement? before = null;
        foreach ((int Node, int Start)[] members in history)
        {
            NodeIdentity[] nodes = members.Select(m => Nodes.Of(m.Node, m.Start)).ToArray();
            Placement one = PlacementPlanner.Plan(ranks, nodes, before), two = PlacementPlanner.Plan(ranks, nodes.Reverse().ToArray(), before);
            Assert.Equal(one.Nodes, two.Nodes);
            Assert.Equal(one.NodeOfRank, two.NodeOfRank);
            Assert.Equal(one.Reason, two.Reason);
            before = one;
        }
    });

    [Fact]
    public void An_unchanged_membership_moves_nothing()
    {
        NodeIdentity[] nodes = [Nodes.Of(0), Nodes.Of(1), Nodes.Of(2)];
        Placement first = PlacementPlanner.Plan(8, nodes, null), again = PlacementPlanner.Plan(8, nodes, first);
        Assert.Equal(first.NodeOfRank, again.NodeOfRank);
        Assert.Equal("8 of 8 ranks stay on their nodes, 0 move", again.Reason);
    }

    [Fact]
    public void A_replacement_under_the_lost_node_s_name_takes_over_its_ranks()
    {
        Placement first = PlacementPlanner.Plan(8, [Nodes.Of(0), Nodes.Of(1), Nodes.Of(2)], null);
        Placement next = PlacementPlanner.Plan(8, [Nodes.Of(0), Nodes.Of(1, start: 1), Nodes.Of(2)], first);
        Assert.Equal(first.NodeOfRank, next.NodeOfRank);
    }

    [Fact]
    public void A_third_node_that_joins_two_gets_its_share()
    {
        Placement two = PlacementPlanner.Plan(4, [Nodes.Of(0), Nodes.Of(1)], null);
        Placement three = PlacementPlanner.Plan(4, [Nodes.Of(0), Nodes.Of(1), Nodes.Of(2)], two);
        Assert.Equal([1, 1, 2], Enumerable.Range(0, 3).Select(n => three.NodeOfRank.Count(x => x == n)).Order());
    }

    private static int[] RanksOf(Placement placement, NodeIdentity node) =>
        Enumerable.Range(0, placement.NodeOfRank.Count).Where(r => placement.Nodes[placement.NodeOfRank[r]].Incarnation == node.Incarnation).ToArray();
}
