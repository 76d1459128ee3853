using CsCheck;

using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>Which step a run goes on from, by what the nodes hold in memory (ST-1, RC-1).</summary>
public sealed class MemoryPointTests
{
    private static readonly RunSpec Spec = Specs.Run(nodes: 2) with { Recovery = new RecoverySpec() };
    private static readonly IReadOnlyList<UnitId> Units = UnitOrder.All(Spec.Model, Spec.Layout);
    private static readonly int[] NodeOfRank = [0, 0, 1, 1];
    private static readonly DecidedUpdate Decided = new(6, false, 0.5, 1e-3);

    [Fact]
    public void Units_that_missed_the_decision_count_where_gradient_and_decision_are_known()
    {
        Holdings[] held = [Held(0, u => u % 2 == 0 ? (7, false) : (6, true)), Held(1, _ => (6, true))];
        MemoryPoint point = MemoryPoint.Choose(Spec, NodeOfRank, held, [(7, Decided)], out string why)!;
        Assert.Equal((7, "", "live state", Decided), (point.Plan.Step, why, point.Plan.Rung, point.Redo));
        Assert.All(point.Sources, s => Assert.Equal((RestoreRung.Live, Home(s.Unit)), (s.Rung, s.Node)));
        Assert.Null(MemoryPoint.Choose(Spec, NodeOfRank, held, [(7, null)], out why));
        Assert.Contains("of step 7 are lost", why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lost_node_s_units_come_from_the_copies_of_a_peer_wherever_they_live_now()
    {
        Holdings survivor = Held(0, _ => (7, false)) with { Copies = [.. Of(1).Select(u => new UnitHolding(u, 6, true))] };
        Holdings fresh = new(1, Nodes.Of(1, 1).Incarnation, [], [], null);
        MemoryPoint point = MemoryPoint.Choose(Spec, NodeOfRank, [survivor, fresh], [(7, Decided)], out _)!;
        Assert.Equal("live state, peer copies", point.Plan.Rung);
        Assert.All(point.Sources.Where(s => Home(s.Unit) == 1), s => Assert.Equal((RestoreRung.Peer, 0), (s.Rung, s.Node)));

        // One torn copy is one unit lost: nothing is mixed.
        Holdings torn = survivor with { Copies = [.. survivor.Copies.Select((c, i) => i == 3 ? c with { Step = -1, Reduced = false } : c)] };
        Assert.Null(MemoryPoint.Choose(Spec, NodeOfRank, [torn, fresh], [(7, Decided)], out string why));
        Assert.Contains("1 of", why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_coordinator_that_took_over_goes_by_what_the_nodes_have_heard_and_never_before_the_newest_checkpoint()
    {
        var state = new CoordinatorState { Spec = Spec, Step = 3, NewestCheckpoint = 3, TakenOver = true };
        Holdings[] held = [Held(0, _ => (6, true)) with { Decided = Decided }, Held(1, _ => (6, true))];
        Assert.Equal(new (long, DecidedUpdate?)[] { (7, Decided), (6, null) }, MemoryPoint.Candidates(state, held));
        Assert.Empty(MemoryPoint.Candidates(state with { NewestCheckpoint = 8 }, held));

        // Who decided the last step knows it: an older process with a longer memory does not count.
        Assert.Equal(new (long, DecidedUpdate?)[] { (3, null) }, MemoryPoint.Candidates(state with { TakenOver = false }, held));
    }

    [Fact]
    public void Whatever_is_held_each_source_reaches_the_step_and_nothing_is_chosen_while_a_unit_is_lost()
    {
        Gen<(long, bool)> holding = Gen.Select(Gen.Int[-1, 7], Gen.Bool, (step, reduced) => step < 0 ? (-1L, false) : (step > 5 ? step : 7L, reduced));
        Gen.Select(holding.Array[Units.Count], holding.Array[Units.Count], holding.Array[Units.Count], Gen.Bool).Sample((live, moved, copies, known) =>
        {
            DecidedUpdate? redo = known ? Decided : null;
            bool Reaches((long Step, bool Reduced) h) => h.Step == 7 || (h is { Step: 6, Reduced: true } && known);
            Holdings[] held = [.. Enumerable.Range(0, 2).Select(n => new Holdings(
                1, $"n{n}",
                [.. Of(n).Select(u => new UnitHolding(u, live[u].Item1, live[u].Item2)), .. Of(1 - n).Select(u => new UnitHolding(u, moved[u].Item1, moved[u].Item2))],
                [.. Of(1 - n).Select(u => new UnitHolding(u, copies[u].Item1, copies[u].Item2))],
                null))];
            MemoryPoint? point = MemoryPoint.Choose(Spec, NodeOfRank, held, [(7, redo)], out string why);
            bool[] there = [.. Units.Select((_, u) => Reaches(live[u]) || Reaches(moved[u]) || Reaches(copies[u]))];
            Assert.Equal(there.All(t => t), point is not null);
            Assert.Equal(point is null, why.Length > 0);
            Assert.All(point?.Sources ?? [], s => Assert.True(Reaches(s.Rung == RestoreRung.Peer ? copies[s.Unit] : s.Node == Home(s.Unit) ? live[s.Unit] : moved[s.Unit])));
        });
    }

    private static int Home(int unit) => NodeOfRank[UnitOrder.OwnerRank(Spec.Layout, Units[unit])];

    private static IEnumerable<int> Of(int node) => Enumerable.Range(0, Units.Count).Where(u => Home(u) == node);

    private static Holdings Held(int node, Func<int, (long Step, bool Reduced)> of) =>
        new(1, Nodes.Of(node).Incarnation, [.. Of(node).Select(u => new UnitHolding(u, of(u).Step, of(u).Reduced))], [], null);
}
