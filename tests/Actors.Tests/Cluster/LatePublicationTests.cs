using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;

using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;
using Input = MoeActors.Actors.Cluster.Coordinator.CoordinatorInput;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>A checkpoint that is published when its epoch is over; found by the simulation, seed 1141.</summary>
public sealed class LatePublicationTests
{
    private CoordinatorState state = new();

    [Theory]
    [InlineData(CheckpointMode.Full, 1)]
    [InlineData(CheckpointMode.Partial, 0)]
    public void It_counts_where_recovery_is_exact_and_not_where_it_is_bounded_stale(CheckpointMode mode, long newest)
    {
        RunSpec spec = Specs.Run(nodes: 2, interval: 1);
        spec = spec with { Checkpoint = spec.Checkpoint with { Mode = mode } };
        Feed(new Input.Submitted(spec, "/run", 0, SampleLedger.Empty(spec.Training.GlobalBatch), "test"));
        Feed(new Input.NodeUp(Nodes.Of(0)));
        Feed(new Input.NodeUp(Nodes.Of(1)));
        for (int n = 0; n < 2; n++)
        {
            Feed(new Input.Prepared(new EpochPrepared(1, Nodes.Of(n).Incarnation, null, 1, 1, [])));
        }

        for (int n = 0; n < 2; n++)
        {
            int[] routed = mode == CheckpointMode.Partial ? new int[12] : [];
            Feed(new Input.Reported(new StepReport(1, 0, Nodes.Of(n).Incarnation, [new RankReport(n, 30, 10, [], 0, 1, 1, routed)], [new UnitReport(n, 0.5)], 0)));
        }

        Effect.Publish late = Enumerable.Range(0, 2)
            .SelectMany(n => Feed(new Input.Persisted(new SnapshotPersisted(1, 1, Nodes.Of(n).Incarnation, "{}", 1, 1, 0, null)))).OfType<Effect.Publish>().Single();
        Feed(new Input.NodeLost(Nodes.Of(1).Incarnation, "killed"));
        Feed(new Input.NodeUp(Nodes.Of(1, start: 1)));
        Assert.Equal(2, state.Epoch);
        IReadOnlyList<Effect> effects = Feed(new Input.Published(late.Checkpoint, 1));
        Assert.Equal(newest, state.NewestCheckpoint);
        Assert.Equal(newest > 0, effects.Any(e => e is Effect.Journal { Entry: JournalEntry.CheckpointPublished }));
    }

    private IReadOnlyList<Effect> Feed(Input input)
    {
        (state, IReadOnlyList<Effect> effects) = CoordinatorMachine.Step(state, input);
        return effects;
    }
}
