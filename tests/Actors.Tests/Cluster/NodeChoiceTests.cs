using CsCheck;

using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Cluster.Placements;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>Which of the nodes that are there an epoch has.</summary>
public sealed class NodeChoiceTests
{
    private static readonly Gen<(NodeIdentity[] Fit, string[] Survivors, int Wanted, int Copies)> Situations = Gen.Select(
        Gen.Int[0, 3].Array[1, 8], Gen.Bool.Array[8], Gen.Int[1, 6], Gen.Int[0, 2], (machines, survives, wanted, copies) =>
        {
            NodeIdentity[] fit = [.. machines.Select((m, n) => On(n, m))];
            return (fit, fit.Where((_, n) => survives[n]).Select(n => n.Incarnation).ToArray(), wanted, copies);
        });

    [Fact]
    public void Of_two_spares_the_one_on_another_machine_than_the_survivors_is_taken()
    {
        NodeIdentity[] fit = [On(0, 0), On(1, 1), On(2, 1)];
        Assert.Equal(["node-1", "node-2"], Names(NodeChoice.Take([On(0, 0), On(1, 1), On(2, 0)], ["i1.0"], 2, 1)));
        Assert.Equal(["node-1", "node-3"], Names(NodeChoice.Take([On(0, 0), On(1, 0), On(2, 1)], ["i1.0"], 2, 1)));

        // Without copies a machine is as good as another.
        Assert.Equal(["node-1", "node-2"], Names(NodeChoice.Take([On(0, 0), On(1, 0), On(2, 1)], ["i1.0"], 2, 0)));
        Assert.Equal(0, NodeChoice.Risk([fit[0], fit[1]], 1)[0]);
        Assert.Equal(1, NodeChoice.Risk([fit[1], fit[2]], 1)[0]);
    }

    [Fact]
    public void Survivors_stay_as_many_are_taken_as_are_wanted_and_no_other_choice_would_lose_less_to_any_one_machine() => Situations.Sample((fit, survivors, wanted, copies) =>
    {
        IReadOnlyList<NodeIdentity> chosen = NodeChoice.Take(fit, survivors, wanted, copies);
        Assert.Equal(Math.Min(wanted, fit.Length), chosen.Count);
        Assert.Equal(chosen.Count, chosen.Distinct().Count());
        Assert.Equal(Math.Min(survivors.Length, wanted), chosen.Count(n => survivors.Contains(n.Incarnation)));
        if (copies == 0 || survivors.Length >= wanted)
        {
            return;
        }

        // Every set that keeps the survivors, one after the other.
        double least = Enumerable.Range(0, 1 << fit.Length)
            .Select(bits => fit.Where((_, n) => (bits >> n & 1) == 1).ToArray())
            .Where(set => set.Length == chosen.Count && survivors.All(s => set.Any(n => n.Incarnation == s)))
            .Min(set => NodeChoice.Risk(set, copies)[0]);
        Assert.Equal(least, NodeChoice.Risk([.. chosen], copies)[0], 1e-12);
    });

    [Fact]
    public void The_order_in_which_nodes_are_known_decides_nothing() => Situations.Sample((fit, survivors, wanted, copies) =>
        Assert.Equal(Names(NodeChoice.Take(fit, survivors, wanted, copies)).Order(), Names(NodeChoice.Take([.. fit.Reverse()], [.. survivors.Reverse()], wanted, copies)).Order()));

    [Fact]
    public void Among_many_spares_the_choice_is_made_one_by_one_and_spreads_over_machines()
    {
        NodeIdentity[] fit = [.. Enumerable.Range(0, 24).Select(n => On(n, n / 6))];
        IReadOnlyList<NodeIdentity> chosen = NodeChoice.Take(fit, [fit[0].Incarnation], 8, 1);
        Assert.Equal(0, NodeChoice.Risk([.. chosen], 1)[0]);
    }

    private static NodeIdentity On(int node, int machine) => Nodes.Of(node) with { Host = $"machine-{machine}" };

    private static IEnumerable<string> Names(IEnumerable<NodeIdentity> nodes) => nodes.Select(n => n.Name);
}
