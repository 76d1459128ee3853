using System.Collections.Immutable;
using CsCheck;
using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Cluster.Placements;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Specs;
using static MoeActors.Actors.Tests.Cluster.Desk;
using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;
using Input = MoeActors.Actors.Cluster.Coordinator.CoordinatorInput;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>Nodes that live and get on, slowly.</summary>
public sealed class StragglersTests
{
    private static readonly RunSpec Reporting = Specs.Run(steps: 1000, nodes: 2, interval: 0) with { Recovery = new RecoverySpec() };
    private static readonly RunSpec Relieving = Reporting with { Recovery = new RecoverySpec { Stragglers = StragglerPolicy.Relieve } };

    [Fact]
    public void A_slow_node_is_named_once_and_not_before_the_window_is_full()
    {
        var desk = Desk.Running(Reporting, 2);
        List<Effect> effects = Compute(desk, 0, Stragglers.Window - 1, 10, 25);
        Assert.DoesNotContain(effects.OfType<Effect.Note>(), n => n.Text.Contains("is slow", StringComparison.Ordinal));
        effects = Compute(desk, Stragglers.Window - 1, 40, 10, 25);
        Assert.Equal("node-2 is slow: a rank computes 2.5 times as long there as on the others, median of 32 steps", Assert.Single(effects.OfType<Effect.Note>(), n => n.Text.Contains("slow", StringComparison.Ordinal)).Text);
        Assert.Empty(Told<AskHoldings>(effects)); // the policy is to report
    }

    [Fact]
    public void A_few_slow_steps_make_no_straggler_and_nobody_is_one_alone()
    {
        var desk = Desk.Running(Reporting, 2);
        Compute(desk, 0, 20, 10, 10);
        Compute(desk, 20, 12, 10, 500);
        Assert.Null(Stragglers.Find(desk.State));
        var alone = Desk.Running(Specs.Run(steps: 1000, nodes: 1, interval: 0), 1);
        for (int step = 0; step < 40; step++)
        {
            alone.Feed(Step(0, step, 10));
        }

        Assert.Null(Stragglers.Find(alone.State));
    }

    [Fact]
    public void Relieved_it_gives_ranks_away_at_a_step_boundary_and_the_next_epoch_goes_on_from_that_step()
    {
        var desk = Desk.Running(Relieving, 2);
        Compute(desk, 0, Stragglers.Window - 1, 10, 40);
        List<Effect> effects = Compute(desk, Stragglers.Window - 1, 1, 10, 40);
        Assert.All(Told<StepDecision>(effects), d => Assert.Equal(AfterStep.Hold, d.After));
        desk.Feed(new Input.Applied(new StepApplied(1, Stragglers.Window - 1, Nodes.Of(0).Incarnation)));
        effects = [.. desk.Feed(new Input.Applied(new StepApplied(1, Stragglers.Window - 1, Nodes.Of(1).Incarnation)))];
        Assert.Equal(2, Told<AskHoldings>(effects).Length);
        Assert.Equal(
            "node-2 computes 4.0 times as long a rank as the others: 1 rank moves, the slowest node has 40 ms of computing a step instead of 80",
            Assert.Single(effects.OfType<Effect.Note>()).Text);
        Assert.Equal([3, 1], Enumerable.Range(0, 2).Select(n => desk.State.Survey!.Placement.NodeOfRank.Count(o => o == n)));
        Assert.Empty(effects.OfType<Effect.FaultDetected>());
    }

    [Fact]
    public void A_spare_that_is_ready_takes_the_place_of_a_slow_node()
    {
        var desk = Desk.Running(Relieving, 2);
        desk.Feed(new Input.NodeUp(Nodes.Of(2)));
        desk.Feed(new Input.Settled(Nodes.Of(2).Incarnation));
        desk.Feed(new Input.JoinerReady(new NodeReady(RunKey.Of(Relieving), Nodes.Of(2).Incarnation, null)));
        Compute(desk, 0, Stragglers.Window, 10, 40);
        desk.Feed(new Input.Applied(new StepApplied(1, Stragglers.Window - 1, Nodes.Of(0).Incarnation)));
        IReadOnlyList<Effect> effects = desk.Feed(new Input.Applied(new StepApplied(1, Stragglers.Window - 1, Nodes.Of(1).Incarnation)));
        Assert.Equal([Nodes.Of(0), Nodes.Of(2)], desk.State.Survey!.Placement.Nodes);
        Assert.Equal(Nodes.Of(1), Assert.Single(effects.OfType<Effect.Tell>(), t => t.Message is AbortEpoch).Node); // it becomes a spare
    }

    [Fact]
    public void Whatever_the_paces_a_relief_saves_time_and_leaves_no_node_without_a_rank() =>
        Gen.Select(Gen.Int[2, 5], Gen.Int[0, 20]).SelectMany((nodes, more) => Gen.Double[1, 100].Array[nodes].Select(paces => (Ranks: nodes + more, Paces: paces))).Sample(c =>
        {
            RunSpec spec = Relieving with { Nodes = c.Paces.Length, Layout = Relieving.Layout with { Ranks = c.Ranks, ExpertParallel = 1 } };
            NodeIdentity[] nodes = [.. Enumerable.Range(0, c.Paces.Length).Select(n => Nodes.Of(n))];
            Placement placement = PlacementPlanner.Plan(c.Ranks, nodes, null);
            var state = new CoordinatorState
            {
                Spec = spec,
                Placement = placement,
                Members = nodes.ToImmutableSortedDictionary(n => n.Incarnation, n => n),
                Paces = nodes.Select((n, i) => (n.Incarnation, c.Paces[i])).ToImmutableSortedDictionary(p => p.Incarnation, p => Enumerable.Repeat(p.Item2, Stragglers.Window).ToImmutableList()),
            };
            if (Stragglers.Decide(state) is { } relief)
            {
                Assert.Equal(nodes, relief.Placement.Nodes);
                Assert.Equal(c.Paces.Length, relief.Placement.NodeOfRank.Distinct().Count());
                Assert.True(Slowest(relief.Placement, c.Paces) <= 0.9 * Slowest(placement, c.Paces));
                Assert.Null(Stragglers.Decide(state with { Placement = relief.Placement })); // once
            }
        });

    private static double Slowest(Placement placement, double[] paces) => paces.Select((ms, n) => placement.NodeOfRank.Count(o => o == n) * ms).Max();

    private static List<Effect> Compute(Desk desk, long first, int steps, params double[] paces)
    {
        var effects = new List<Effect>();
        for (long step = first; step < first + steps; step++)
        {
            for (int n = 0; n < paces.Length; n++)
            {
                effects.AddRange(desk.Feed(Step(n, step, paces[n])));
            }
        }

        return effects;
    }

    // Two ranks a node.
    private static Input.Reported Step(int node, long step, double pace) => new(new StepReport(
        1, step, Nodes.Of(node).Incarnation, [new RankReport(2 * node, 20, 10, pace, 0), new RankReport((2 * node) + 1, 20, 10, pace, 0)], [new UnitReport(node, 0.5)], 0));
}
