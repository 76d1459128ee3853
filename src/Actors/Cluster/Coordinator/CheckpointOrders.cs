using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Checkpoints.Partial;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>
/// PURE: what the next checkpoint saves. The first one is complete, so that every expert has a version from then on (CK-2); the last one too: it is the run's result. Between them
/// a run with partial checkpoints saves K experts of each layer, the least recently saved or those with the most unsaved tokens; the versions are the cursor. A run that recovers exactly saves everything now and then: partial ones are
/// nothing it could go back to (RC-1).
/// </summary>
internal static class CheckpointOrders
{
    /// <summary>The order for a checkpoint now.</summary>
    public static CheckpointOrder Next(CoordinatorState state, bool last)
    {
        RunSpec spec = state.Spec!;
        if (last || spec.Checkpoint.Mode == CheckpointMode.Full || state.NewestCheckpoint == 0 || !state.Published.TryGetValue(state.NewestCheckpoint, out CheckpointFacts? newest))
        {
            return CheckpointOrder.All;
        }

        int experts = spec.Model.Moe.Experts;
        if (state.KPersist >= experts || IsCompleteDue(state))
        {
            return CheckpointOrder.All;
        }

        IReadOnlyList<int> order = ExpertOrder.Of(spec.Layout, experts);
        bool loadAware = spec.Checkpoint.Selection == ExpertChoice.LoadAware && state.Plt is not null;
        IReadOnlyList<IReadOnlyList<long>>? unsaved = loadAware ? state.Plt!.Unsaved([.. newest.Versions.Select(l => (IReadOnlyList<ExpertVersion>)l)]) : null;
        var persisted = new PecLayer[newest.Versions.Length];
        var snapshots = new PecLayer[newest.Versions.Length];
        for (int m = 0; m < persisted.Length; m++)
        {
            long[] stored = [.. newest.Saved[m]];
            long[] held = [.. stored.Select((version, e) => Math.Max(version, Held(state, m, e)))];
            persisted[m] = new PecLayer(order, stored, unsaved?[m]);
            snapshots[m] = new PecLayer(order, held, unsaved?[m]);
        }

        ExpertSelection selection = PecSelection.TwoLevel(persisted, snapshots, Math.Max(state.KSnapshot, state.KPersist), state.KPersist);
        return new CheckpointOrder(false, selection.Snapshot, selection.Persist);
    }

    private static bool IsCompleteDue(CoordinatorState state)
    {
        CheckpointSpec checkpoint = state.Spec!.Checkpoint;
        long complete = state.Published.Values.LastOrDefault(f => f.IsComplete)?.Step ?? long.MinValue / 2;
        return state.Spec.IsExact && checkpoint.CompletePeriod > 0 && state.NewestCheckpoint - complete >= (checkpoint.CompletePeriod - 1L) * Math.Max(1, checkpoint.Interval);
    }

    private static long Held(CoordinatorState state, int layer, int expert) =>
        state.Vaults.Values.Select(v => v.TryGetValue((layer, expert), out ExpertVersion version) ? version.Moments : -1).DefaultIfEmpty(-1).Max();
}
