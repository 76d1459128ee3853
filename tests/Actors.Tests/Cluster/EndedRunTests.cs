using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;

using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;
using Input = MoeActors.Actors.Cluster.Coordinator.CoordinatorInput;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>Found by the simulation: a coordinator that dies between the durable end of a run and the words of it leaves nodes that hold the run's state for ever, and a report without an end.</summary>
public sealed class EndedRunTests
{
    [Fact]
    public void The_next_coordinator_tells_each_node_that_comes_of_the_end()
    {
        RunSpec spec = Specs.Run();
        CoordinatorState state = new();
        foreach (JournalEntry entry in new JournalEntry[]
        {
            new JournalEntry.RunAccepted(spec.ToJson(), "/run", 0, SampleLedger.Empty(spec.Training.GlobalBatch).ToJson(), "train"),
            new JournalEntry.EpochBegan(3, [Nodes.Of(0), Nodes.Of(1)], [0, 0, 1, 1], 0),
            new JournalEntry.RunEnded("completed"),
        })
        {
            state = CoordinatorMachine.Replay(state, entry);
        }

        (CoordinatorState next, IReadOnlyList<Effect> effects) = CoordinatorMachine.Step(state, new Input.NodeUp(Nodes.Of(0)));
        Assert.Equal(new EndRun(3, "completed"), Assert.Single(effects.OfType<Effect.Tell>()).Message);
        Assert.Empty(CoordinatorMachine.Step(next, new Input.NodeUp(Nodes.Of(0))).Effects);
    }
}
