using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;

using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;
using Input = MoeActors.Actors.Cluster.Coordinator.CoordinatorInput;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>Training that waits for its checkpoints (checkpoint.asynchronous = off); found by the simulation, seed 292 of its first 300.</summary>
public sealed class SavingTests
{
    private CoordinatorState state = new();

    [Fact]
    public void A_checkpoint_that_an_aborted_epoch_publishes_late_does_not_leave_the_next_epoch_waiting_for_its_own()
    {
        RunSpec spec = Specs.Run(nodes: 2, interval: 1);
        spec = spec with { Checkpoint = spec.Checkpoint with { Asynchronous = false } };
        Feed(new Input.Submitted(spec, "/run", 0, SampleLedger.Empty(spec.Training.GlobalBatch), "test"));
        Feed(new Input.NodeUp(Nodes.Of(0)));
        Feed(new Input.NodeUp(Nodes.Of(1)));
        Compute(epoch: 1, starts: [0, 0]);
        Persisted(1, Nodes.Of(0));
        Effect.Publish late = Persisted(1, Nodes.Of(1)).OfType<Effect.Publish>().Single();

        // While it is being published a node dies; its successor computes the step again.
        Feed(new Input.NodeLost(Nodes.Of(1).Incarnation, "killed"));
        Feed(new Input.NodeUp(Nodes.Of(1, start: 1)));
        Compute(epoch: 2, starts: [0, 1]);
        Assert.Equal(RunPhase.Saving, state.Phase);
        Persisted(2, Nodes.Of(0));
        Feed(new Input.Published(late.Checkpoint, 1));
        IReadOnlyList<Effect> effects = Persisted(2, Nodes.Of(1, start: 1));
        Assert.Equal(RunPhase.Running, state.Phase);
        Assert.Equal(2, effects.OfType<Effect.Tell>().Count(t => t.Message is StartSteps { Step: 1 }));
    }

    private void Compute(int epoch, int[] starts)
    {
        NodeIdentity[] nodes = [.. starts.Select((start, n) => Nodes.Of(n, start))];
        Array.ForEach(nodes, n => Feed(new Input.Prepared(new EpochPrepared(epoch, n.Incarnation, null, 1, 1, []))));
        for (int n = 0; n < nodes.Length; n++)
        {
            Feed(new Input.Reported(new StepReport(epoch, 0, nodes[n].Incarnation, [new RankReport(n, 30, 10, 1, 1)], [new UnitReport(n, 0.5)], 0)));
        }

        Array.ForEach(nodes, n => Feed(new Input.Applied(new StepApplied(epoch, 0, n.Incarnation))));
    }

    private IReadOnlyList<Effect> Persisted(int epoch, NodeIdentity node) =>
        Feed(new Input.Persisted(new SnapshotPersisted(epoch, 1, node.Incarnation, "{}", 1, 1, 0, null)));

    private IReadOnlyList<Effect> Feed(Input input)
    {
        (state, IReadOnlyList<Effect> effects) = CoordinatorMachine.Step(state, input);
        return effects;
    }
}
