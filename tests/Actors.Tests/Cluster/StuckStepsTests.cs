using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;
using static MoeActors.Actors.Tests.Cluster.Desk;
using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;
using Input = MoeActors.Actors.Cluster.Coordinator.CoordinatorInput;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>Deadlines of the step itself, learned from the run's own steps.</summary>
public sealed class StuckStepsTests
{
    private static readonly RunSpec Spec = Specs.Run(steps: 1000, nodes: 2, interval: 0) with { Recovery = new RecoverySpec { StepDeadline = 3, StepDeadlineLeast = 5 } };

    [Fact]
    public void Before_enough_steps_were_seen_the_first_time_is_allowed_and_then_by_the_longest_of_the_newest()
    {
        var desk = Desk.Running(Spec, 2);
        Assert.Equal(1_800_000, StuckSteps.DeadlineMs(desk.State));
        Compute(desk, 0, StuckSteps.LeastSteps, 100);
        Assert.Equal(5000, StuckSteps.DeadlineMs(desk.State)); // the least
        Compute(desk, StuckSteps.LeastSteps, 1, 4000);
        Assert.Equal(12_000, StuckSteps.DeadlineMs(desk.State));
        Compute(desk, StuckSteps.LeastSteps + 1, RunMeasurements.Kept, 100);
        Assert.Equal(5000, StuckSteps.DeadlineMs(desk.State)); // long ago
    }

    [Fact]
    public void Nodes_are_asked_once_the_deadline_is_over_and_not_while_reports_come()
    {
        Desk desk = Learned();
        Assert.Empty(Told<AskProgress>(Ticks(desk, 2)));
        desk.Feed(Report(0, 1, 10)); // a sign of the step: its time begins anew
        Assert.Empty(Told<AskProgress>(Ticks(desk, 2)));
        Assert.Equal([new AskProgress(1, 10), new AskProgress(1, 10)], Told<AskProgress>(Ticks(desk, 1)));
        desk.Feed(Report(1, 1, 10));
        Assert.Null(desk.State.Inquiry);
        Assert.Equal(11, desk.State.Step);
    }

    [Fact]
    public void A_node_whose_lane_has_not_come_back_is_ended_and_its_ranks_go_elsewhere()
    {
        Desk desk = Learned();
        Ticks(desk, 3);
        Assert.Empty(desk.Feed(Progress(0, 0)));
        IReadOnlyList<Effect> effects = desk.Feed(Progress(1, 6000));
        Effect.FaultDetected fault = Assert.Single(effects.OfType<Effect.FaultDetected>());
        Assert.Equal(("node-2", "node-hung", Nodes.Of(1).Incarnation), (fault.Target, fault.Kind, fault.Incarnation));
        Assert.Equal("step 10 has not got on for 6 s (recovery.step-deadline allows 5 s): node-2 has been at one piece of work for 6 s (forward)", fault.Reason);
        Assert.Equal(Nodes.Of(1), Assert.Single(effects.OfType<Effect.Tell>(), t => t.Message is EndNode).Node);
        Assert.Empty(effects.OfType<Effect.Down>()); // it hears and ends itself
        Assert.Single(Told<AbortEpoch>(effects));
        Assert.Equal([Nodes.Of(0)], desk.State.Members.Values);
        Assert.Empty(desk.Feed(new Input.NodeLost(Nodes.Of(1).Incarnation, "downed"))); // no news
    }

    [Fact]
    public void A_node_that_does_not_answer_is_ended_and_downed()
    {
        Desk desk = Learned();
        Ticks(desk, 3);
        desk.Feed(Progress(1, 0));
        Assert.Empty(Ticks(desk, StuckSteps.AnswerTicks - 1).OfType<Effect.FaultDetected>());
        IReadOnlyList<Effect> effects = Ticks(desk, 1);
        Assert.Equal("node-1", Assert.Single(effects.OfType<Effect.FaultDetected>()).Target);
        Assert.Equal(Nodes.Of(0), Assert.Single(effects.OfType<Effect.Down>()).Node);
    }

    [Fact]
    public void Where_nobody_hangs_the_step_is_computed_again_and_the_next_deadline_is_twice_as_long()
    {
        Desk desk = Learned();
        Ticks(desk, 3);
        desk.Feed(Progress(0, 4900)); // busy, but not all that time
        IReadOnlyList<Effect> effects = desk.Feed(Progress(1, 0));
        Assert.Equal("step-stuck", Assert.Single(effects.OfType<Effect.FaultDetected>()).Kind);
        Assert.Empty(Told<EndNode>(effects));
        Assert.Equal(2, desk.State.Members.Count);
        Assert.Equal(10_000, StuckSteps.DeadlineMs(desk.State));
        Again(desk, 2);
        Compute(desk, 10, 1, 100, epoch: 2);
        Assert.Equal(5000, StuckSteps.DeadlineMs(desk.State)); // it got on
    }

    [Fact]
    public void A_step_that_never_ends_ends_the_run_when_the_budget_of_failures_is_spent()
    {
        Desk desk = Learned();
        for (int epoch = 1; epoch <= FailurePolicy.Budget; epoch++)
        {
            Stuck(desk, epoch);
            Again(desk, epoch + 1);
        }

        Effect.Ended ended = Assert.Single(Stuck(desk, FailurePolicy.Budget + 1).OfType<Effect.Ended>());
        Assert.StartsWith("failed: step 10 has not got on for ", ended.Outcome, StringComparison.Ordinal);
        Assert.Contains("failure without a step between number 6", ended.Outcome, StringComparison.Ordinal);
    }

    [Fact]
    public void An_evaluation_is_waited_for_while_any_node_computes_and_begun_again_when_none_does()
    {
        RunSpec spec = Spec with { Training = Spec.Training with { Steps = 10 }, Recovery = new RecoverySpec { StepDeadline = 3, StepDeadlineLeast = 5, StepDeadlineFirst = 60 } };
        var desk = Desk.Running(spec, 2);
        Compute(desk, 0, 10, 100);
        foreach (int n in (int[])[0, 1])
        {
            desk.Feed(new Input.Applied(new StepApplied(1, 9, Nodes.Of(n).Incarnation)));
        }

        Assert.Equal((RunPhase.Evaluating, 60_000), (desk.State.Phase, StuckSteps.DeadlineMs(desk.State)));
        Assert.Empty(Told<AskProgress>(Ticks(desk, 29)));
        Assert.Equal(2, Told<AskProgress>(Ticks(desk, 1)).Length);
        foreach (long moves in (long[])[100, 101])
        {
            desk.Feed(Progress(0, 0, moves: 7));
            Assert.Empty(desk.Feed(Progress(1, 0, moves: moves)).OfType<Effect.FaultDetected>());
            Assert.Empty(Told<AskProgress>(Ticks(desk, 29)));
            Assert.Equal(2, Told<AskProgress>(Ticks(desk, 1)).Length);
        }

        desk.Feed(Progress(0, 0, moves: 7));
        IReadOnlyList<Effect> effects = desk.Feed(Progress(1, 0, moves: 101));
        Assert.StartsWith("the evaluation after 10 steps has not got on for 60 s", Assert.Single(effects.OfType<Effect.FaultDetected>()).Reason, StringComparison.Ordinal);
        Assert.Equal(2, Told<AbortEpoch>(effects).Length);
    }

    [Fact]
    public void Answers_of_another_step_or_of_a_stranger_or_unasked_change_nothing()
    {
        Desk desk = Learned();
        Assert.Empty(desk.Feed(Progress(0, 60_000)));
        Ticks(desk, 3);
        CoordinatorState asked = desk.State;
        Assert.Empty(desk.Feed(new Input.Progressed(new NodeProgress(1, 9, Nodes.Of(0).Incarnation, 60_000, "forward", 0))));
        Assert.Empty(desk.Feed(new Input.Progressed(new NodeProgress(2, 10, Nodes.Of(0).Incarnation, 60_000, "forward", 0))));
        Assert.Empty(desk.Feed(Progress(5, 60_000)));
        Assert.Same(asked, desk.State);
    }

    [Fact]
    public void Nobody_is_judged_where_nobody_answers_and_nothing_where_it_is_switched_off()
    {
        Desk desk = Learned();
        Ticks(desk, 3);
        Assert.Empty(Ticks(desk, StuckSteps.AnswerTicks).OfType<Effect.FaultDetected>());
        Assert.Equal(2, desk.State.Members.Count);
        var off = Desk.Running(Spec with { Recovery = new RecoverySpec { StepDeadline = 0 } }, 2);
        Compute(off, 0, 10, 100);
        Assert.Empty(Told<AskProgress>(Ticks(off, 1000)));
    }

    private static Desk Learned()
    {
        var desk = Desk.Running(Spec, 2);
        Compute(desk, 0, 10, 100);
        return desk;
    }

    private static IReadOnlyList<Effect> Stuck(Desk desk, int epoch)
    {
        while (desk.State.Inquiry is null)
        {
            desk.Feed(new Input.Tick());
        }

        desk.Feed(Progress(0, 0, epoch));
        return desk.Feed(Progress(1, 0, epoch));
    }

    /// <summary>The survivors begin the next epoch where they are.</summary>
    private static void Again(Desk desk, int epoch)
    {
        if (desk.State.BackingOff)
        {
            desk.Feed(new Input.PauseOver(epoch - 1));
        }

        UnitHolding[] all = [.. UnitOrder.All(Spec.Model, Spec.Layout).Select((_, unit) => new UnitHolding(unit, 10, false))];
        foreach (int n in (int[])[0, 1])
        {
            desk.Feed(new Input.Held(new Holdings(epoch, Nodes.Of(n).Incarnation, all, [], null)));
        }

        Assert.Equal(epoch, desk.State.Epoch);
        desk.Feed(Ready(0, epoch));
        desk.Feed(Ready(1, epoch));
        Assert.Equal(RunPhase.Running, desk.State.Phase);
    }

    private static void Compute(Desk desk, long first, int steps, double iterationMs, int epoch = 1)
    {
        for (long step = first; step < first + steps; step++)
        {
            desk.Feed(Report(0, epoch, step, iterationMs));
            desk.Feed(Report(1, epoch, step, iterationMs));
        }
    }

    // The first tick after an input may come at once and does not count as time.
    private static List<Effect> Ticks(Desk desk, int count)
    {
        var effects = new List<Effect>();
        for (int i = 0; i < count; i++)
        {
            effects.AddRange(desk.Feed(new Input.Tick()));
        }

        return effects;
    }

    private static Input.Progressed Progress(int node, double busyMs, int epoch = 1, long moves = 0) => new(new NodeProgress(epoch, 10, Nodes.Of(node).Incarnation, busyMs, "forward", moves));
}
