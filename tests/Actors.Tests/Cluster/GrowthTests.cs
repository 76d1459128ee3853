using System.Collections.Immutable;

using CsCheck;

using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Cluster.Placements;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Specs;

using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;
using Input = MoeActors.Actors.Cluster.Coordinator.CoordinatorInput;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>When a run that goes on with fewer nodes takes others in, and what that costs: nothing.</summary>
public sealed class GrowthTests
{
    [Fact]
    public void It_grows_only_with_nodes_that_are_ready_and_where_the_fullest_node_gets_less_to_do_or_a_copy_a_place() =>
        Gen.Select(Gen.Int[1, 9], Gen.Int[1, 6], Gen.Int[1, 6], Gen.Int[0, 3], Gen.Int[0, 3].Array[0, 4]).Sample((ranks, wanted, now, copies, stages) =>
        {
            NodeIdentity[] there = [.. Enumerable.Range(0, Math.Min(now, Math.Min(wanted, ranks))).Select(n => Nodes.Of(n))];
            NodeIdentity[] waiting = [.. stages.Select((_, i) => Nodes.Of(10 + i))];
            CoordinatorState state = State(ranks, wanted, copies, there, waiting, stages);
            GrowthDecision decision = Growth.Decide(state);
            int ready = stages.Count(s => (JoinerStage)s == JoinerStage.Ready);
            int then = Math.Min(there.Length + ready, Math.Min(wanted, ranks));
            bool gains = Ceiling(ranks, then) < Ceiling(ranks, there.Length) || Math.Min(copies, then - 1) > Math.Min(copies, there.Length - 1);
            Assert.Equal(gains, decision.Grows);
            Assert.NotEmpty(decision.Reason);
            Assert.False(Growth.Decide(state with { StopReason = "enough" }).Grows);
            Assert.False(Growth.Decide(state with { Spec = state.Spec! with { Recovery = null } }).Grows);
        });

    [Fact]
    public void A_node_that_comes_and_goes_comes_ever_later_but_not_for_ever() =>
        Assert.Equal([1, 1, 2, 4, 8, 16, 32, 32, 32], Enumerable.Range(0, 9).Select(Growth.Patience));

    [Theory]
    [InlineData(2, 1, true)]
    [InlineData(3, 1, false)]
    [InlineData(3, 2, true)]
    [InlineData(4, 1, true)]
    public void A_node_that_comes_back_gets_ranks_at_a_step_boundary_where_that_gains_anything_and_nothing_is_undone(int nodes, int copies, bool grows) =>
        Gen.Select(Gen.Int, Gen.Int[0, 3], Gen.Int[0, 2]).Sample(
            (seed, interval, evaluate) =>
            {
                RunSpec spec = Specs.Run(steps: 60, nodes, interval, evaluate) with { Recovery = new RecoverySpec { Copies = copies } };
                var run = new VirtualRun(spec, seed);
                run.DeliverUntil(() => run.Watch.Steps.Count > 2);
                run.Kill();
                run.DeliverUntil(() => run.Watch.Epochs == 2 && run.Watch.Steps[^1].Epoch == 2);
                Assert.Equal(nodes - 1, run.State.Participants.Count);
                run.Restart();
                run.DeliverUntil(() => run.IsQuiet);

                Assert.Equal(["completed"], run.Watch.Outcomes);
                Assert.Equal(grows ? nodes : nodes - 1, run.State.Participants.Count);
                Assert.Equal(grows ? 3 : 2, run.Watch.Epochs);

                // With one node there are no copies: the first loss of two nodes' run may go back, what follows may not.
                Assert.Equal(run.Watch.Steps.Select(s => s.Step).Distinct().Count(), run.Watch.Steps.Count(s => s.Epoch < 3) + run.Watch.Steps.Count(s => s.Epoch == 3));
            },
            iter: 100);

    [Fact]
    public void Only_who_is_ready_is_taken_in_by_choice_and_a_failure_takes_whoever_is_there()
    {
        CoordinatorState state = State(4, 2, 1, [Nodes.Of(0)], [Nodes.Of(1), Nodes.Of(2)], [(int)JoinerStage.Settling, (int)JoinerStage.Ready]) with { Epoch = 1, Step = 5, Phase = RunPhase.Applying };
        (CoordinatorState next, IReadOnlyList<Effect> effects) = CoordinatorMachine.Step(state, new Input.Applied(new StepApplied(1, 4, Nodes.Of(0).Incarnation)));
        Assert.Equal(["node-1", "node-3"], next.Survey!.Placement.Nodes.Select(n => n.Name));
        Assert.Equal(2, effects.OfType<Effect.Tell>().Count(t => t.Message is AskHoldings));
        Assert.Empty(effects.OfType<Effect.FaultDetected>());
        (next, _) = CoordinatorMachine.Step(next, new Input.NodeLost(Nodes.Of(2).Incarnation, "downed"));
        Assert.Equal(["node-1", "node-2"], next.Survey!.Placement.Nodes.Select(n => n.Name));
    }

    [Fact]
    public void One_that_cannot_take_part_is_named_and_the_run_goes_on_without_it()
    {
        CoordinatorState state = State(4, 2, 1, [Nodes.Of(0)], [Nodes.Of(1)], [(int)JoinerStage.Asked]) with { Phase = RunPhase.Running };
        (CoordinatorState next, IReadOnlyList<Effect> effects) = CoordinatorMachine.Step(
            state, new Input.JoinerReady(new NodeReady(RunKey.Of(state.Spec!), Nodes.Of(1).Incarnation, "no room")));
        Assert.Equal("node-2 cannot take part: no room", Assert.Single(effects.OfType<Effect.Note>()).Text);
        Assert.False(Growth.Decide(next).Grows);

        // Not even a failure takes it.
        (next, effects) = CoordinatorMachine.Step(next with { GraceOver = true, Phase = RunPhase.Gathering, EpochBefore = 1 }, new Input.NodeUp(Nodes.Of(2)));
        Assert.Equal(["node-1", "node-3"], next.Participants.Select(n => n.Name));
    }

    [Fact]
    public void Whoever_has_not_answered_is_asked_again_and_who_has_gone_is_forgotten()
    {
        CoordinatorState state = State(4, 2, 1, [Nodes.Of(0)], [], []) with { Phase = RunPhase.Running };
        (state, IReadOnlyList<Effect> effects) = CoordinatorMachine.Step(state, new Input.NodeUp(Nodes.Of(1)));
        Assert.Equal(1, Assert.Single(effects.OfType<Effect.StartSettling>()).Times);
        (state, effects) = CoordinatorMachine.Step(state, new Input.Settled(Nodes.Of(1).Incarnation));
        Assert.IsType<GetReady>(Assert.Single(effects.OfType<Effect.Tell>()).Message);
        (state, effects) = CoordinatorMachine.Step(state, new Input.Tick());
        Assert.Single(effects.OfType<Effect.Tell>(), t => t.Message is GetReady);
        (state, _) = CoordinatorMachine.Step(state, new Input.NodeLost(Nodes.Of(1).Incarnation, "downed"));
        Assert.Empty(state.Joiners);
        (_, effects) = CoordinatorMachine.Step(state, new Input.Settled(Nodes.Of(1).Incarnation));
        Assert.Empty(effects);
    }

    private static CoordinatorState State(int ranks, int wanted, int copies, NodeIdentity[] there, NodeIdentity[] waiting, int[] stages)
    {
        RunSpec spec = Specs.Run(nodes: wanted) with { Recovery = new RecoverySpec { Copies = copies } };
        return new CoordinatorState
        {
            Spec = spec with { Layout = spec.Layout with { Ranks = ranks, ExpertParallel = 1 } },
            Placement = PlacementPlanner.Plan(ranks, there, null),
            Members = there.Concat(waiting).ToImmutableSortedDictionary(n => n.Incarnation, n => n),
            Joiners = waiting.Zip(stages).ToImmutableSortedDictionary(p => p.Item1.Incarnation, p => (JoinerStage)p.Item2),
        };
    }

    private static int Ceiling(int ranks, int nodes) => (ranks + nodes - 1) / nodes;
}
