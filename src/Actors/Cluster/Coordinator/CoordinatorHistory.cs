using System.Collections.Immutable;

using MoeActors.Actors.Checkpointing;
using MoeActors.Compute.Checkpoints.Partial;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>PURE: what the coordinator's state knows of the past, set up for a run and taken back to a recovery point.</summary>
internal static class CoordinatorHistory
{
    /// <summary>The state of a run that begins, or goes on from a checkpoint in which everything is of one step; where others were published, their facts follow.</summary>
    public static CoordinatorState WithRun(this CoordinatorState state, RunSpec spec)
    {
        PltLedger? plt = spec.Checkpoint.Mode == CheckpointMode.Partial ? PltLedger.Empty(spec.Model.MoeLayers().Count, spec.Model.Moe.Experts) : null;
        return state with
        {
            Plt = plt,
            KSnapshot = spec.Checkpoint.KSnapshot,
            KPersist = spec.Checkpoint.KPersist,
            Published = state.NewestCheckpoint == 0
                ? state.Published.Clear()
                : ImmutableSortedDictionary<long, CheckpointFacts>.Empty.Add(
                    state.NewestCheckpoint, CheckpointFacts.Whole(spec.Model, state.NewestCheckpoint, state.CheckpointLedger, plt?.Mark(state.NewestCheckpoint))),
        };
    }

    /// <summary>A checkpoint that the journal names; what its entries are of is read from its manifest when the folder is opened.</summary>
    public static CoordinatorState WithCheckpoint(this CoordinatorState state, long step, Compute.Data.SampleLedger ledger) => state with
    {
        NewestCheckpoint = step,
        CheckpointLedger = ledger,
        Published = state.Spec is null
            ? state.Published
            : state.Published.SetItem(step, CheckpointFacts.Whole(state.Spec.Model, step, ledger, state.Plt?.KeepMarks([]).Mark(step))),
    };

    /// <summary>Everything goes back to recovery point <paramref name="step"/>: what was published or snapshotted after it is of a history that is no more.</summary>
    public static CoordinatorState BackTo(this CoordinatorState state, long step) => state with
    {
        NewestCheckpoint = step,
        CheckpointLedger = state.Published.TryGetValue(step, out CheckpointFacts? facts) ? facts.Ledger : step == 0 ? Compute.Data.SampleLedger.Empty(state.Spec!.Training.GlobalBatch) : state.CheckpointLedger,
        Published = state.Published.RemoveRange(state.Published.Keys.Where(s => s > step)),
        Vaults = state.Vaults.ToImmutableDictionary(
            v => v.Key, v => v.Value.RemoveRange(v.Value.Where(e => e.Value.Parameters > step || e.Value.Moments > step).Select(e => e.Key))),
    };
}
