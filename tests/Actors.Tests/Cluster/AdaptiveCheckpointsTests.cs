using System.Collections.Immutable;

using CsCheck;

using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Cluster.Placements;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.Tests.Checkpointing;
using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>The adaptive configuration as the coordinator's machine carries it out.</summary>
public sealed class AdaptiveCheckpointsTests
{
    private static readonly Gen<Case> Cases =
        from mode in Gen.Enum<CheckpointMode>()
        from vault in Gen.Enum<VaultUse>()
        from iteration in Gen.Double[1, 1000]
        from share in Gen.Double[0.1, 1]
        from snapshot in Gen.Double[0.1, 5000]
        from persist in Gen.Double[1, 50000]
        from mtbf in Gen.Double[1e4, 1e9]
        from budget in Gen.Double[0, 0.1]
        select new Case(mode, vault, iteration, share * iteration, snapshot, persist, mtbf, budget);

    private sealed record Case(CheckpointMode Mode, VaultUse Vault, double IterationMs, double ForwardBackwardMs, double SnapshotMs, double PersistMs, double MtbfMs, double Budget)
    {
        public CoordinatorState State()
        {
            RunSpec spec = SavingMode.Newest.Spec();
            spec = spec with { Checkpoint = spec.Checkpoint with { Mode = Mode, Vault = Vault, Adaptive = true, MtbfMs = MtbfMs, PltBudget = Budget, Interval = 7 } };
            var state = new CoordinatorState
            {
                Phase = RunPhase.Running,
                Spec = spec,
                Epoch = 1,
                KSnapshot = spec.Checkpoint.KSnapshot,
                KPersist = spec.Checkpoint.KPersist,
                Placement = new Placement([Nodes.Of(0)], new int[spec.Layout.Ranks], ""),
            };
            for (int step = 0; step < 6; step++)
            {
                var decided = new DecidedStep(step, 1, 1, 1, 1, 1, new Dictionary<string, double>(), 0, false, 0, 0, 0) { ForwardBackwardMs = ForwardBackwardMs, PreviousMs = step == 0 ? 0 : IterationMs };
                state = state with { Measured = state.Measured.Add(decided) };
            }

            return state;
        }

        public PendingCheckpoint Published(CoordinatorState state)
        {
            SampleLedger ledger = SampleLedger.Empty(1);
            string node = state.Participants[0].Incarnation;
            return new PendingCheckpoint(
                7, 1, ledger, ImmutableSortedDictionary<string, SnapshotPersisted>.Empty.Add(node, new SnapshotPersisted(1, 7, node, "", 1_000_000, PersistMs, SnapshotMs, null)))
            {
                Facts = CheckpointFacts.Whole(state.Spec!.Model, 7, ledger, null),
            };
        }
    }

    [Fact]
    public void The_choice_is_made_at_the_second_checkpoint_once_and_what_is_chosen_can_be_run() => Cases.Sample(
        c =>
        {
            CoordinatorState state = c.State();
            var effects = new List<CoordinatorEffect>();
            CoordinatorState first = AdaptiveCheckpoints.Choose(state, c.Published(state), effects);
            Assert.Empty(effects);
            CoordinatorState chosen = AdaptiveCheckpoints.Choose(first, c.Published(first), effects);
            RunSpec spec = chosen.Spec!;
            spec.Validate();
            Assert.NotNull(spec.Checkpoint.Chosen);
            Assert.InRange(spec.Checkpoint.Interval, 1, spec.Training.Steps);
            Assert.True(chosen.KPersist >= spec.Checkpoint.KPersist && chosen.KSnapshot >= chosen.KPersist);

            if (c.Mode == CheckpointMode.Full)
            {
                Assert.Equal((1, 1), (spec.Checkpoint.KSnapshot, spec.Checkpoint.KPersist));
            }

            // Journaled, recorded and said; a coordinator that takes over knows it.
            JournalEntry entry = Assert.Single(effects.OfType<CoordinatorEffect.Journal>()).Entry;
            Assert.Same(spec, Assert.Single(effects.OfType<CoordinatorEffect.RecordSpec>()).Spec);
            Assert.Contains(spec.Checkpoint.Chosen!, Assert.Single(effects.OfType<CoordinatorEffect.Note>()).Text, StringComparison.Ordinal);
            CoordinatorState replayed = CoordinatorMachine.Replay(first, Entries.Read(Entries.Write(entry)));
            Assert.Equal((spec.ToJson(), chosen.KSnapshot, chosen.KPersist), (replayed.Spec!.ToJson(), replayed.KSnapshot, replayed.KPersist));

            // DT-1: never again, nor in a run that goes on from the record.
            effects.Clear();
            Assert.Same(chosen, AdaptiveCheckpoints.Choose(chosen, c.Published(chosen), effects));
            Assert.Empty(effects);
            Assert.False(AdaptiveCheckpoints.IsDue(RunSpec.FromJson(spec.ToJson())));
        },
        iter: 200);

    [Fact]
    public void A_run_that_does_not_ask_for_it_chooses_nothing()
    {
        CoordinatorState state = new Case(CheckpointMode.Partial, VaultUse.Auto, 10, 8, 1, 1, 1e6, 0.1).State();
        state = state with { Spec = state.Spec! with { Checkpoint = state.Spec.Checkpoint with { Adaptive = false } } };
        Assert.False(AdaptiveCheckpoints.IsDue(state.Spec));
        Assert.DoesNotContain("adaptive", state.Spec.ToJson(), StringComparison.Ordinal);
    }
}
