using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Data;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;
using static MoeActors.Actors.Tests.Cluster.Desk;
using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;
using Input = MoeActors.Actors.Cluster.Coordinator.CoordinatorInput;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>The coordinator's decisions, one example each.</summary>
public sealed class CoordinatorMachineTests
{
    [Fact]
    public void A_run_waits_for_the_nodes_it_wants_and_begins_its_first_epoch_from_the_seed()
    {
        var desk = new Desk(Specs.Run(nodes: 2));
        Assert.Empty(desk.Feed(new Input.NodeUp(Nodes.Of(0))).OfType<Effect.Tell>());
        IReadOnlyList<Effect> effects = desk.Feed(new Input.NodeUp(Nodes.Of(1)));
        PrepareEpoch[] told = Told<PrepareEpoch>(effects);
        Assert.Equal(2, told.Length);
        Assert.Equal((1, 0L), (told[0].Epoch, told[0].RestoreStep));
        Assert.IsType<Effect.Journal>(effects.First(e => e is Effect.Journal or Effect.Tell));
    }

    [Fact]
    public void Steps_begin_when_the_last_node_is_ready()
    {
        var desk = new Desk(Specs.Run(nodes: 2));
        desk.Up(2);
        Assert.Empty(Told<StartSteps>(desk.Feed(Ready(0, 1))));
        StartSteps[] told = Told<StartSteps>(desk.Feed(Ready(1, 1)));
        Assert.Equal([new StartSteps(1, 0), new StartSteps(1, 0)], told);
    }

    [Fact]
    public void A_step_is_decided_by_the_last_report_and_not_before()
    {
        var desk = Desk.Running(Specs.Run(nodes: 2), 2);
        Assert.Empty(desk.Feed(Report(0, 1, 0)));
        Assert.Empty(desk.Feed(Report(0, 1, 0)).OfType<Effect.RecordStep>());
        StepDecision decision = Told<StepDecision>(desk.Feed(Report(1, 1, 0)))[0];
        Assert.Equal((0L, false, AfterStep.Continue, false), (decision.Step, decision.Skip, decision.After, decision.Checkpoint is not null));
        Assert.Empty(desk.Feed(Report(1, 1, 0)));
    }

    [Fact]
    public void A_report_of_another_epoch_or_step_or_of_a_stranger_changes_nothing()
    {
        var desk = Desk.Running(Specs.Run(nodes: 1), 1);
        foreach (Input.Reported stale in new[] { Report(0, 0, 0), Report(0, 2, 0), Report(0, 1, 1), Report(5, 1, 0) })
        {
            CoordinatorState before = desk.State;
            Assert.Empty(desk.Feed(stale));
            Assert.Same(before, desk.State);
        }
    }

    [Fact]
    public void A_lost_node_aborts_the_epoch_and_its_replacement_begins_the_next_from_the_newest_checkpoint()
    {
        var desk = Desk.Running(Specs.Run(nodes: 2, interval: 1), 2);
        desk.Feed(Report(0, 1, 0));
        desk.Feed(Report(1, 1, 0));
        desk.Publish(1, 2);
        IReadOnlyList<Effect> lost = desk.Feed(new Input.NodeLost(Nodes.Of(1).Incarnation, "killed"));
        Assert.Equal(("node-2", "node-lost"), lost.OfType<Effect.FaultDetected>().Select(f => (f.Target, f.Kind)).Single());
        Assert.Single(Told<AbortEpoch>(lost));
        Assert.Single(lost.OfType<Effect.StartGrace>());
        PrepareEpoch next = Told<PrepareEpoch>(desk.Feed(new Input.NodeUp(Nodes.Of(1, start: 1))))[0];
        Assert.Equal((2, 1L), (next.Epoch, next.RestoreStep));
        Assert.Equal(1, desk.State.Ledger.Steps);
    }

    [Fact]
    public void When_the_grace_is_over_the_run_goes_on_with_fewer_nodes()
    {
        var desk = Desk.Running(Specs.Run(nodes: 2), 2);
        desk.Feed(new Input.NodeLost(Nodes.Of(1).Incarnation, "killed"));
        Assert.Empty(desk.Feed(new Input.GraceOver(0)));
        PrepareEpoch next = Assert.Single(Told<PrepareEpoch>(desk.Feed(new Input.GraceOver(1))));
        Assert.Equal([0, 0, 0, 0], next.NodeOfRank);
    }

    [Fact]
    public void A_death_told_twice_is_one_fault()
    {
        var desk = Desk.Running(Specs.Run(nodes: 2), 2);
        Assert.Single(desk.Feed(new Input.NodeLost(Nodes.Of(1).Incarnation, "downed")).OfType<Effect.FaultDetected>());
        Assert.Empty(desk.Feed(new Input.NodeLost(Nodes.Of(1).Incarnation, "removed")));
    }

    [Theory]
    [InlineData(false, FailurePolicy.Budget + 1, "failure without a step between number 6: boom")]
    [InlineData(true, FailurePolicy.Alike + 1, "poison: rank-0 fails at step 1 each time, 4 times in a row")]
    public void An_actor_that_fails_at_the_same_step_for_ever_ends_the_run_though_steps_before_it_succeed(bool alike, int most, string says)
    {
        var desk = Desk.Running(Specs.Run(nodes: 1, interval: 0), 1);
        int failures = 0;
        for (int epoch = 1; desk.State.Phase != RunPhase.Ended; epoch++)
        {
            desk.Feed(Report(0, epoch, 0));
            Assert.Equal(1, desk.State.Step);
            desk.Feed(new Input.ActorFailed(new NodeFault(epoch, Nodes.Of(0).Incarnation, $"rank-{(alike ? 0 : epoch)}", "boom")));
            Assert.True(++failures <= most, "it never gives up");
            desk.Feed(new Input.PauseOver(epoch));
            desk.Feed(Ready(0, epoch + 1));
        }

        Assert.Contains(says, desk.State.Outcome, StringComparison.Ordinal);
        Assert.Equal(most, failures);
    }

    [Fact]
    public void A_node_whose_actors_fail_again_and_again_is_told_to_end_and_the_run_waits_for_another_process()
    {
        var desk = Desk.Running(Specs.Run(nodes: 1, interval: 0), 1);
        IReadOnlyList<Effect> effects = [];
        for (int epoch = 1; epoch <= 4; epoch++)
        {
            effects = desk.Feed(new Input.ActorFailed(new NodeFault(epoch, Nodes.Of(0).Incarnation, "rank-0", $"reason {epoch}")));
            effects = [.. effects, .. desk.Feed(new Input.PauseOver(epoch))];
            if (epoch == 3)
            {
                Assert.Equal([0], Assert.Single(Told<PrepareEpoch>(effects)).Fresh);
            }

            desk.Feed(Ready(0, epoch + 1));
        }

        Assert.Contains("reason 4", Assert.Single(Told<EndNode>(effects)).Reason, StringComparison.Ordinal);
        Assert.Equal(RunPhase.Gathering, desk.State.Phase);
        Assert.Empty(desk.Feed(new Input.NodeLost(Nodes.Of(0).Incarnation, "downed")));
        Assert.Empty(Assert.Single(Told<PrepareEpoch>(desk.Feed(new Input.NodeUp(Nodes.Of(0, start: 1))))).Fresh);
    }

    [Fact]
    public void A_checkpoint_along_the_way_that_fails_costs_only_itself()
    {
        var desk = Desk.Running(Specs.Run(nodes: 1, interval: 1, evaluateEvery: 1), 1);
        desk.Feed(Report(0, 1, 0));
        IReadOnlyList<Effect> effects = desk.Feed(new Input.Persisted(new SnapshotPersisted(1, 1, Nodes.Of(0).Incarnation, "", 0, 0, 0, "no space left")));
        Assert.Empty(effects.OfType<Effect.Ended>());
        Assert.Contains(effects.OfType<Effect.Note>(), n => n.Text.Contains("no space left", StringComparison.Ordinal));
        Assert.Equal(RunPhase.Applying, desk.State.Phase);
    }

    [Fact]
    public void The_last_checkpoint_of_a_bounded_stale_run_that_fails_ends_it_as_failed()
    {
        var desk = Desk.Running(Specs.Run(steps: 1, nodes: 1), 1);
        desk.Feed(Report(0, 1, 0));
        IReadOnlyList<Effect> effects = desk.Feed(new Input.Persisted(new SnapshotPersisted(1, 1, Nodes.Of(0).Incarnation, "", 0, 0, 0, "no space left")));
        Assert.Contains("no space left", Assert.Single(effects.OfType<Effect.Ended>()).Outcome, StringComparison.Ordinal);
    }

    [Fact]
    public void What_an_older_epoch_was_publishing_neither_fails_nor_completes_this_epoch_s_checkpoint()
    {
        var desk = Desk.Running(Specs.Run(steps: 1, nodes: 1), 1);
        desk.Feed(Report(0, 1, 0));
        PendingCheckpoint old = desk.State.Pending[1];
        desk.Feed(new Input.ActorFailed(new NodeFault(1, Nodes.Of(0).Incarnation, "rank-0", "boom")));
        desk.Feed(Ready(0, 2));
        desk.Feed(Report(0, 2, 0));
        Assert.Empty(desk.Feed(new Input.PublishFailed(1, 1, "disk full")).OfType<Effect.Ended>());
        Assert.Equal(2, desk.State.Pending[1].Epoch);

        // Published all the same, it is a checkpoint like any other: the newest.
        desk.Feed(new Input.Published(old, 1));
        Assert.Equal(1, desk.State.NewestCheckpoint);
        Assert.Equal(2, desk.State.Pending[1].Epoch);
    }

    [Fact]
    public void What_a_run_before_was_publishing_is_no_checkpoint_of_this_one()
    {
        var desk = Desk.Running(Specs.Run(nodes: 1, interval: 1), 1);
        desk.Feed(Report(0, 1, 0));
        PendingCheckpoint old = desk.State.Pending[1];
        desk.Feed(new Input.ActorFailed(new NodeFault(1, Nodes.Of(0).Incarnation, "rank-0", "boom")));
        desk.Feed(new Input.Submitted(Specs.Run(nodes: 1), "/other", 0, SampleLedger.Empty(4), "test"));
        Assert.Empty(desk.Feed(new Input.Published(old, 1)));
        Assert.Equal(0, desk.State.NewestCheckpoint);
    }

    [Fact]
    public void A_stop_computes_one_more_step_saves_it_and_ends()
    {
        var desk = Desk.Running(Specs.Run(nodes: 1, interval: 0), 1);
        desk.Feed(new Input.StopAsked("enough"));
        StepDecision decision = Assert.Single(Told<StepDecision>(desk.Feed(Report(0, 1, 0))));
        Assert.Equal((true, AfterStep.Hold), (decision.Checkpoint is not null, decision.After));
        desk.Feed(new Input.Applied(new StepApplied(1, 0, Nodes.Of(0).Incarnation)));
        Assert.Equal("stopped", Assert.Single(desk.Publish(1, 1).OfType<Effect.Ended>()).Outcome);
        Assert.Equal(1, desk.State.NewestCheckpoint);
    }

    [Fact]
    public void A_stop_in_the_middle_of_a_recovery_waits_for_nobody_and_saves_what_was_reached()
    {
        RunSpec spec = Specs.Run(nodes: 2, interval: 0) with { Recovery = new RecoverySpec() };
        var desk = Desk.Running(spec, 2);
        desk.Feed(Report(0, 1, 0));
        desk.Feed(Report(1, 1, 0));
        desk.Feed(new Input.NodeLost(Nodes.Of(1).Incarnation, "gone"));
        Assert.Equal(RunPhase.Gathering, desk.State.Phase);
        Assert.Empty(desk.Feed(new Input.StopAsked("enough")).OfType<Effect.Ended>());
        Assert.Equal(RunPhase.Surveying, desk.State.Phase);

        // The survivor holds copies of what the other has lost.
        UnitHolding[] all = [.. UnitOrder.All(spec.Model, spec.Layout).Select((_, unit) => new UnitHolding(unit, 1, false))];
        desk.Feed(new Input.Held(new Holdings(2, Nodes.Of(0).Incarnation, all, all, null)));
        IReadOnlyList<Effect> effects = desk.Feed(new Input.Prepared(new EpochPrepared(2, Nodes.Of(0).Incarnation, null, 0, 0, [])));
        while (Told<EvaluateState>(effects).Length > 0)
        {
            effects = desk.Feed(new Input.Evaluated(new EvaluationReport(2, desk.State.Step, Nodes.Of(0).Incarnation, [new RankReport(0, 30, 10, 0, 0)])));
        }

        Assert.Equal("stopped", Assert.Single(desk.Publish(1, 1).OfType<Effect.Ended>()).Outcome);
        Assert.Equal(1, desk.State.NewestCheckpoint);
    }

    [Fact]
    public void A_stop_before_anything_was_computed_ends_at_once()
    {
        var desk = new Desk(Specs.Run(nodes: 2, interval: 0));
        desk.Up(2);
        Assert.Equal(RunPhase.Preparing, desk.State.Phase);
        Assert.Equal("stopped", Assert.Single(desk.Feed(new Input.StopAsked("enough")).OfType<Effect.Ended>()).Outcome);
    }

    [Fact]
    public void A_coordinator_that_takes_over_still_knows_that_the_run_is_to_stop()
    {
        CoordinatorState state = CoordinatorMachine.Replay(new CoordinatorState(), new JournalEntry.RunAccepted(Specs.Run().ToJson(), "/run", 0, SampleLedger.Empty(4).ToJson(), ""));
        state = CoordinatorMachine.Replay(state, Entries.Read(Entries.Write(new JournalEntry.StopAsked("enough"))));
        Assert.Equal("enough", state.StopReason);
    }

    [Fact]
    public void An_entry_of_another_version_s_journal_is_named()
    {
        SpecException e = Assert.Throws<SpecException>(() => Entries.Read(new CoordinatorEntry("Lunch", "{}")));
        Assert.Contains("unknown entry 'Lunch'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_validation_loss_is_the_mean_over_all_tokens_of_all_nodes()
    {
        var desk = Desk.Running(Specs.Run(steps: 1, nodes: 2), 2);
        desk.Feed(Report(0, 1, 0));
        desk.Feed(Report(1, 1, 0));
        desk.Feed(new Input.Applied(new StepApplied(1, 0, Nodes.Of(0).Incarnation)));
        Assert.Equal(2, Told<EvaluateState>(desk.Feed(new Input.Applied(new StepApplied(1, 0, Nodes.Of(1).Incarnation)))).Length);
        desk.Feed(new Input.Evaluated(new EvaluationReport(1, 1, Nodes.Of(0).Incarnation, [new RankReport(0, 30, 10, 0, 0)])));
        IReadOnlyList<Effect> effects = desk.Feed(new Input.Evaluated(new EvaluationReport(1, 1, Nodes.Of(1).Incarnation, [new RankReport(1, 30, 20, 0, 0)])));
        Assert.Equal(new Effect.RecordValidation(1, 2.0), Assert.Single(effects.OfType<Effect.RecordValidation>()));
    }
}
