using CsCheck;

using MoeActors.Actors.Cluster.Placements;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>Where copies lie: never with their original, as many as there are nodes for, spread evenly, on another machine where there is one.</summary>
public sealed class CopyPlacementTests
{
    private static readonly Gen<(int Copies, NodeIdentity[] Nodes)> Any = Gen.Select(Gen.Int[0, 4], Gen.Int[0, 2].Array[1, 9], (copies, hosts) =>
        (copies, hosts.Select((h, n) => Nodes.Of(n) with { Host = $"machine-{h}" }).ToArray()));

    [Fact]
    public void Each_node_s_units_are_copied_by_that_many_others_and_never_by_itself() => Any.Sample(t =>
    {
        CopyPlan plan = CopyPlacement.Plan(t.Copies, t.Nodes);
        Assert.Equal(t.Nodes.Length, plan.HostsOf.Count);
        for (int n = 0; n < t.Nodes.Length; n++)
        {
            Assert.Equal(Math.Min(t.Copies, t.Nodes.Length - 1), plan.HostsOf[n].Distinct().Count());
            Assert.Equal(plan.HostsOf[n].Count, plan.HostsOf[n].Distinct().Count());
            Assert.DoesNotContain(n, plan.HostsOf[n]);
            Assert.All(plan.HostsOf[n], host => Assert.Contains(n, plan.OwnersAt(host)));

            // Another machine first, as long as there are such.
            int elsewhere = t.Nodes.Count(o => o.Host != t.Nodes[n].Host);
            Assert.Equal(Math.Min(plan.HostsOf[n].Count, elsewhere), plan.HostsOf[n].Count(h => t.Nodes[h].Host != t.Nodes[n].Host));
        }
    });

    [Fact]
    public void On_one_machine_every_node_holds_as_many_copies_as_it_has_units_copied() => Gen.Select(Gen.Int[1, 3], Gen.Int[2, 9]).Sample((copies, nodes) =>
    {
        CopyPlan plan = CopyPlacement.Plan(copies, [.. Enumerable.Range(0, nodes).Select(n => Nodes.Of(n))]);
        Assert.All(Enumerable.Range(0, nodes), n => Assert.Equal(plan.HostsOf[n].Count, plan.OwnersAt(n).Count()));
    });

    [Fact]
    public void The_plan_says_why()
    {
        Assert.Contains("one node", CopyPlacement.Plan(1, [Nodes.Of(0)]).Reason, StringComparison.Ordinal);
        Assert.Contains("recovery.copies = 0", CopyPlacement.Plan(0, [Nodes.Of(0), Nodes.Of(1)]).Reason, StringComparison.Ordinal);
        Assert.Contains("2 wanted, 1 other", CopyPlacement.Plan(2, [Nodes.Of(0), Nodes.Of(1)]).Reason, StringComparison.Ordinal);
        Assert.Contains("another machine", CopyPlacement.Plan(1, [Nodes.Of(0), Nodes.Of(1) with { Host = "b" }]).Reason, StringComparison.Ordinal);
    }
}
