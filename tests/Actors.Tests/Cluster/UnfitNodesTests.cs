using CsCheck;

using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Cluster.Placements;
using MoeActors.Actors.Diagnostics;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Data;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;
using static MoeActors.Actors.Tests.Cluster.Desk;
using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;
using Input = MoeActors.Actors.Cluster.Coordinator.CoordinatorInput;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>One node that cannot take part is no reason to end the run; where none can, what they hold is saved first.</summary>
public sealed class UnfitNodesTests
{
    private static readonly RunSpec Exact = Specs.Run(nodes: 2) with { Recovery = new RecoverySpec() };

    [Fact]
    public void A_node_that_cannot_prepare_is_refused_and_its_ranks_move()
    {
        var desk = new Desk(Exact);
        desk.Up(2);
        IReadOnlyList<Effect> effects = desk.Feed(Unready(0, 1, FailureCause.Data, "its text differs"));
        Assert.Empty(effects.OfType<Effect.Ended>());
        Assert.Contains(effects.OfType<Effect.Note>(), n => n.Text == "node-1 cannot take part: its text differs");
        Hold(desk, 1);
        Assert.Equal(["node-2"], desk.State.Participants.Select(n => n.Name));
        Assert.All(desk.State.Placement!.NodeOfRank, n => Assert.Equal(0, n));
        Assert.Equal((2, RunPhase.Preparing), (desk.State.Epoch, desk.State.Phase));
    }

    [Fact]
    public void Where_no_node_can_the_run_ends_with_the_cause_that_the_last_one_gave()
    {
        var desk = new Desk(Exact);
        desk.Up(2);
        desk.Feed(Unready(0, 1, FailureCause.Resources, "no room"));
        Hold(desk, 1);
        IReadOnlyList<Effect> effects = desk.Feed(Unready(1, 2, FailureCause.Data, "its text differs"));
        Assert.Equal("failed: node-2: its text differs", Assert.Single(effects.OfType<Effect.Ended>()).Outcome);
        Assert.Equal(FailureCause.Data, desk.State.Cause);
        Assert.Equal(FailureCause.Data, Assert.IsType<JournalEntry.RunEnded>(effects.OfType<Effect.Journal>().Single().Entry).Cause);
        Assert.Equal(2, Told<EndRun>(effects).Length);
    }

    [Fact]
    public void A_node_that_took_the_place_of_a_lost_one_and_cannot_take_part_is_not_waited_for()
    {
        Desk desk = Desk.Running(Exact, 2);
        Step(desk, 0, 2);
        desk.Feed(new Input.NodeLost(Nodes.Of(1).Incarnation, "killed"));
        desk.Feed(new Input.NodeUp(Nodes.Of(1, start: 1)));
        Hold(desk, 0);
        Hold(desk, Nodes.Of(1, start: 1).Incarnation);
        IReadOnlyList<Effect> effects = desk.Feed(new Input.Prepared(new EpochPrepared(2, Nodes.Of(1, start: 1).Incarnation, "other text", 0, 0, []) { Cause = FailureCause.Data }));
        Assert.Equal(["node-1"], desk.State.Survey!.Placement.Nodes.Select(n => n.Name));
        Assert.Empty(effects.OfType<Effect.Ended>());
    }

    [Fact]
    public void A_node_whose_text_cannot_be_read_is_tried_once_more_and_then_refused_and_the_step_is_no_poison()
    {
        Desk desk = Desk.Running(Exact, 2);
        Step(desk, 0, 2);
        for (int n = 0; n < 2; n++)
        {
            desk.Feed(Unreadable(0, desk.State.Epoch));
            Assert.Equal(n == 0 ? 2 : 1, desk.State.Survey!.Placement.Nodes.Count);
            Answer(desk);
        }

        Assert.Equal(["node-2"], desk.State.Participants.Select(n => n.Name));
        Assert.Equal(RunPhase.Running, desk.State.Phase);
    }

    [Fact]
    public void Where_no_node_can_read_its_text_any_more_what_they_hold_is_saved_before_the_run_ends()
    {
        Desk desk = Desk.Running(Specs.Run(nodes: 1) with { Recovery = new RecoverySpec() }, 1);
        Step(desk, 0, 1);
        Step(desk, 1, 1);
        desk.Feed(Unreadable(0, 1));
        Answer(desk);
        IReadOnlyList<Effect> effects = desk.Feed(Unreadable(0, 2));
        Assert.Single(Told<AskHoldings>(effects));
        effects = Hold(desk, 0);
        PrepareEpoch order = Assert.Single(Told<PrepareEpoch>(effects));
        Assert.Equal((2L, true), (order.RestoreStep, order.Save is not null));
        Assert.Empty(desk.Feed(Ready(0, desk.State.Epoch)).OfType<Effect.Ended>());
        Assert.Equal("failed: node-1: t.txt: was changed", Assert.Single(desk.Publish(2, 1).OfType<Effect.Ended>()).Outcome);
        Assert.Equal((2L, FailureCause.Data), (desk.State.NewestCheckpoint, desk.State.Cause));
    }

    [Fact]
    public void Where_what_they_hold_cannot_be_saved_either_the_first_failure_is_named_first_and_gives_the_cause()
    {
        Desk desk = Desk.Running(Specs.Run(nodes: 1) with { Recovery = new RecoverySpec() }, 1);
        Step(desk, 0, 1);
        for (int n = 0; n < 2; n++)
        {
            desk.Feed(Unreadable(0, desk.State.Epoch));
            Answer(desk);
        }

        for (int n = 0; desk.State.Phase != RunPhase.Ended && n < 20; n++)
        {
            desk.Feed(new Input.Persisted(new SnapshotPersisted(desk.State.Epoch, 1, Nodes.Of(0).Incarnation, "{}", 0, 0, 0, "no space left")));
            desk.Feed(new Input.PauseOver(desk.State.Epoch));
            Answer(desk);
        }

        Assert.Equal(("failed: node-1: t.txt: was changed; the last checkpoint could not be written: node-1: no space left", FailureCause.Data), (desk.State.Outcome, desk.State.Cause));
    }

    [Fact]
    public void Whoever_cannot_take_part_is_left_out_and_the_run_ends_only_where_nobody_can() =>
        Gen.Select(Gen.Int, Gen.Int[1, 4], Gen.Int[0, 6]).Sample(
            (seed, nodes, kills) =>
            {
                var chance = new Random(seed);
                var run = new VirtualRun(Specs.Run(steps: 20, nodes) with { Recovery = new RecoverySpec { Copies = 1 } }, seed, unfit: (_, start) => start > 0 && chance.Next(2) == 0);
                for (int k = 0; k < kills; k++)
                {
                    for (int d = chance.Next(40); d > 0 && !run.IsQuiet; d--)
                    {
                        run.Deliver(again: 0.05);
                    }

                    run.Kill();
                    run.StartAgain();
                }

                run.Settle();
                string outcome = Assert.Single(run.Watch.Outcomes);
                Assert.True(outcome == "completed" || (run.State.Cause == FailureCause.Data && run.NobodyWasFit), outcome);
            },
            iter: 300);

    [Fact]
    public void The_cause_of_an_exception_is_its_type_and_not_its_words()
    {
        (Exception Of, FailureCause Cause)[] cases =
        [
            (new CorpusException("needs"), FailureCause.Data),
            (new CheckpointException("data"), FailureCause.Checkpoint),
            (new SpecException("checkpoint"), FailureCause.Configuration),
            (new FileNotFoundException("checkpoint"), FailureCause.Resources),
            (new UnauthorizedAccessException("checkpoint"), FailureCause.Resources),
            (new InsufficientMemoryException("checkpoint"), FailureCause.Resources),
            (new AggregateException(new CorpusException("x")), FailureCause.Data),
            (new InvalidOperationException("checkpoint could not be written: needs"), FailureCause.Unexpected),
        ];
        Assert.All(cases, c => Assert.Equal(c.Cause, FailureCauses.Of(c.Of)));
    }

    private static Input.Prepared Unready(int node, int epoch, FailureCause cause, string error) =>
        new(new EpochPrepared(epoch, Nodes.Of(node).Incarnation, error, 0, 0, []) { Cause = cause });

    private static Input.ActorFailed Unreadable(int node, int epoch) =>
        new(new NodeFault(epoch, Nodes.Of(node).Incarnation, "rank-0", "t.txt: was changed") { Cause = FailureCause.Data });

    private static void Step(Desk desk, long step, int nodes)
    {
        for (int n = 0; n < nodes; n++)
        {
            desk.Feed(Report(n, desk.State.Epoch, step));
        }
    }

    /// <summary>All nodes of the survey hold everything live, and all of the epoch after it are ready.</summary>
    private static void Answer(Desk desk)
    {
        foreach (NodeIdentity node in desk.State.Survey?.Placement.Nodes ?? [])
        {
            Hold(desk, node.Incarnation);
        }

        foreach (NodeIdentity node in desk.State.Phase == RunPhase.Preparing ? desk.State.Participants : [])
        {
            desk.Feed(new Input.Prepared(new EpochPrepared(desk.State.Epoch, node.Incarnation, null, 0, 0, [])));
        }
    }

    private static IReadOnlyList<Effect> Hold(Desk desk, int node) => Hold(desk, Nodes.Of(node).Incarnation);

    private static IReadOnlyList<Effect> Hold(Desk desk, string incarnation)
    {
        int units = UnitOrder.All(desk.State.Spec!.Model, desk.State.Spec.Layout).Count;
        return desk.Feed(new Input.Held(new Holdings(
            desk.State.Epoch + 1, incarnation, [.. Enumerable.Range(0, units).Select(u => new UnitHolding(u, desk.State.Step, false))], [], null)));
    }
}
