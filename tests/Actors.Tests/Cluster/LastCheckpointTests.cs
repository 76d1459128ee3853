using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;
using static MoeActors.Actors.Tests.Cluster.Desk;
using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;
using Input = MoeActors.Actors.Cluster.Coordinator.CoordinatorInput;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>The last checkpoint is the run's result: with exact recovery it is taken again from memory when it cannot be written.</summary>
public sealed class LastCheckpointTests
{
    private static readonly RunSpec Spec = Specs.Run(steps: 3, nodes: 1, interval: 0) with { Recovery = new RecoverySpec() };

    [Fact]
    public void It_is_taken_again_from_memory_ever_later_until_the_budget_is_spent()
    {
        Desk desk = Trained(steps: 3);
        var pauses = new List<double>();
        for (int epoch = 1; epoch <= FailurePolicy.Budget; epoch++)
        {
            IReadOnlyList<Effect> effects = Fails(desk, epoch, 3);
            Assert.Empty(effects.OfType<Effect.Ended>());
            Assert.Equal(("checkpoint-failed", "node-1: no space left"), (Assert.Single(effects.OfType<Effect.FaultDetected>()).Kind, Assert.Single(effects.OfType<Effect.FaultDetected>()).Reason));
            pauses.AddRange(effects.OfType<Effect.StartBackoff>().Select(e => e.Pause.TotalSeconds));
            PrepareEpoch again = Again(desk, epoch + 1, 3);
            Assert.Equal((3L, true), (again.RestoreStep, again.Save!.Complete));
        }

        Assert.Equal([1, 2, 4, 8], pauses);
        Assert.Equal("failed: the last checkpoint could not be written: node-1: no space left", Assert.Single(Fails(desk, FailurePolicy.Budget + 1, 3).OfType<Effect.Ended>()).Outcome);
    }

    [Fact]
    public void Written_at_the_second_try_it_completes_the_run_without_a_step_computed_again()
    {
        Desk desk = Trained(steps: 3);
        Fails(desk, 1, 3);
        Again(desk, 2, 3);
        desk.Feed(Ready(0, 2));
        desk.Feed(new Input.Evaluated(new EvaluationReport(2, 3, Nodes.Of(0).Incarnation, [new RankReport(0, 30, 10, 0, 0)])));
        Assert.Equal("completed", Assert.Single(desk.Publish(3, 1).OfType<Effect.Ended>()).Outcome);
    }

    [Fact]
    public void That_of_a_run_that_was_asked_to_stop_is_no_other()
    {
        Desk desk = Trained(steps: 1);
        desk.Feed(new Input.StopAsked("the test"));
        desk.Feed(Report(0, 1, 1));
        desk.Feed(new Input.Applied(new StepApplied(1, 1, Nodes.Of(0).Incarnation)));
        Assert.Empty(Fails(desk, 1, 2).OfType<Effect.Ended>());

        // The error comes before all nodes of the next epoch are ready: nothing is computed meanwhile, and it counts.
        Assert.NotNull(Again(desk, 2, 2).Save);
        Assert.Empty(Fails(desk, 2, 2).OfType<Effect.Ended>());
        Assert.Equal(2, desk.State.Failures.Count);
        Again(desk, 3, 2);
        desk.Feed(Ready(0, 3));
        Assert.Equal("stopped", Assert.Single(desk.Publish(2, 1).OfType<Effect.Ended>()).Outcome);
    }

    private static Desk Trained(int steps)
    {
        var desk = Desk.Running(Spec, 1);
        for (long step = 0; step < steps; step++)
        {
            desk.Feed(Report(0, 1, step));
        }

        return desk;
    }

    private static IReadOnlyList<Effect> Fails(Desk desk, int epoch, long step) =>
        desk.Feed(new Input.Persisted(new SnapshotPersisted(epoch, step, Nodes.Of(0).Incarnation, "", 0, 0, 0, "no space left")));

    /// <summary>The node still holds the state of <paramref name="step"/>; the next epoch begins with it.</summary>
    private static PrepareEpoch Again(Desk desk, int epoch, long step)
    {
        if (desk.State.BackingOff)
        {
            desk.Feed(new Input.PauseOver(epoch - 1));
        }

        UnitHolding[] all = [.. UnitOrder.All(Spec.Model, Spec.Layout).Select((_, unit) => new UnitHolding(unit, step, false))];
        return Assert.Single(Told<PrepareEpoch>(desk.Feed(new Input.Held(new Holdings(epoch, Nodes.Of(0).Incarnation, all, [], null)))));
    }
}
