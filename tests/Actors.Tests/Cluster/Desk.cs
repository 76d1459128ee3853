using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;

using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;
using Input = MoeActors.Actors.Cluster.Coordinator.CoordinatorInput;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>The coordinator's machine with its state, and what nodes on paper tell it.</summary>
internal sealed class Desk
{
    public Desk(RunSpec spec) => Feed(new Input.Submitted(spec, "/run", 0, SampleLedger.Empty(spec.Training.GlobalBatch), "test"));

    public CoordinatorState State { get; private set; } = new();

    /// <summary>A run whose first step is being computed on <paramref name="nodes"/> nodes.</summary>
    public static Desk Running(RunSpec spec, int nodes)
    {
        var desk = new Desk(spec);
        desk.Up(nodes);
        for (int n = 0; n < nodes; n++)
        {
            desk.Feed(Ready(n, 1));
        }

        return desk;
    }

    public static T[] Told<T>(IEnumerable<Effect> effects) => effects.OfType<Effect.Tell>().Select(t => t.Message).OfType<T>().ToArray();

    public static Input.Prepared Ready(int node, int epoch) => new(new EpochPrepared(epoch, Nodes.Of(node).Incarnation, null, 0, 0, []));

    public static Input.Reported Report(int node, int epoch, long step, double iterationMs = 0) =>
        new(new StepReport(epoch, step, Nodes.Of(node).Incarnation, [new RankReport(node, 20, 10, 0, 0)], [new UnitReport(node, 0.5)], 0, 0, iterationMs));

    public void Up(int nodes)
    {
        for (int n = 0; n < nodes; n++)
        {
            Feed(new Input.NodeUp(Nodes.Of(n)));
        }
    }

    public IReadOnlyList<Effect> Feed(Input input)
    {
        (State, IReadOnlyList<Effect> effects) = CoordinatorMachine.Step(State, input);
        return effects;
    }

    /// <summary>All parts of the checkpoint of <paramref name="step"/> are durable and it is published.</summary>
    public List<Effect> Publish(long step, int nodes)
    {
        var effects = new List<Effect>();
        for (int n = 0; n < nodes; n++)
        {
            effects.AddRange(Feed(new Input.Persisted(new SnapshotPersisted(State.Epoch, step, Nodes.Of(n).Incarnation, "{}", 1, 1, 0, null))));
        }

        effects.AddRange(Feed(new Input.Published(Assert.Single(effects.OfType<Effect.Publish>()).Checkpoint, 1)));
        return effects;
    }
}
