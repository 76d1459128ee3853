using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;

using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;
using Input = MoeActors.Actors.Cluster.Coordinator.CoordinatorInput;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>
/// Found by the simulation: a coordinator that had taken over began with the first nodes that said hello, a spare and a new process, and went back to a checkpoint while a survivor held everything (RC-1).
/// </summary>
public sealed class TakeOverTests
{
    private static readonly NodeIdentity Lost = Nodes.Of(0), Survivor = Nodes.Of(1), Spare = Nodes.Of(2), Replacement = Nodes.Of(0, start: 1);

    [Fact]
    public void It_waits_for_the_survivors_and_asks_them_first()
    {
        (CoordinatorState state, _) = Up(TakenOver(RecoveryMode.Exact), Spare, Replacement);
        Assert.Equal(RunPhase.Gathering, state.Phase);
        (state, IReadOnlyList<Effect> effects) = Up(state, Survivor);
        Assert.Equal(RunPhase.Surveying, state.Phase);
        Assert.Contains(effects.OfType<Effect.Tell>(), t => t.Node == Survivor && t.Message is AskHoldings);
    }

    [Fact]
    public void It_waits_no_longer_than_the_grace_and_not_for_one_that_is_lost()
    {
        (CoordinatorState state, _) = Up(TakenOver(RecoveryMode.Exact), Spare, Replacement);
        Assert.Equal(RunPhase.Surveying, CoordinatorMachine.Step(state, new Input.GraceOver(state.Epoch)).State.Phase);
        Assert.Equal(RunPhase.Surveying, CoordinatorMachine.Step(state, new Input.NodeLost(Survivor.Incarnation, "downed")).State.Phase);
        Assert.Equal(RunPhase.Surveying, Up(state, Nodes.Of(1, start: 1)).State.Phase);
    }

    [Fact]
    public void Where_nothing_is_gone_on_from_memory_there_is_nothing_to_wait_for() =>
        Assert.Equal(RunPhase.Preparing, Up(TakenOver(RecoveryMode.BoundedStale), Spare, Replacement).State.Phase);

    [Fact]
    public void Who_asks_what_the_cluster_looks_like_hears_of_the_survivors_before_they_have_said_hello()
    {
        CoordinatorState state = TakenOver(RecoveryMode.Exact);
        Assert.Equal([Survivor], Topologies.Of(state, "node-2").Nodes);
        Assert.Equal([Survivor, Spare], Topologies.Of(Up(state, Spare).State, "node-2").Nodes.OrderBy(n => n.Name, StringComparer.Ordinal));
        NodeIdentity successor = Nodes.Of(1, start: 1);
        Assert.Equal([successor], Topologies.Of(Up(state, successor).State, "node-2").Nodes);
    }

    /// <summary>A coordinator that has read the journal and found the process of <see cref="Lost"/> gone.</summary>
    private static CoordinatorState TakenOver(RecoveryMode mode)
    {
        RunSpec spec = Specs.Run(nodes: 2) with { Recovery = new RecoverySpec { Mode = mode } };
        CoordinatorState state = CoordinatorMachine.Replay(
            new CoordinatorState(), new JournalEntry.RunAccepted(spec.ToJson(), "/run", 0, SampleLedger.Empty(spec.Training.GlobalBatch).ToJson(), "train"));
        state = CoordinatorMachine.Replay(state, new JournalEntry.EpochBegan(1, [Lost, Survivor], [0, 0, 1, 1], 0));
        return state with { Lost = state.Lost.Add(Lost.Incarnation) };
    }

    private static (CoordinatorState State, IReadOnlyList<Effect> Effects) Up(CoordinatorState state, params NodeIdentity[] nodes)
    {
        IReadOnlyList<Effect> effects = [];
        foreach (NodeIdentity node in nodes)
        {
            (state, effects) = CoordinatorMachine.Step(state, new Input.NodeUp(node));
        }

        return (state, effects);
    }
}
