using MoeActors.Compute.Checkpoints.Partial;
using MoeActors.Compute.Checkpoints.Sharding;
using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Plans;

/// <summary>
/// What checkpoints of one kind will cost a run, before it runs: bytes from the shard planner, times from assumed bandwidths, the rest from the overhead model. Sizes are those of the
/// node with most to do, in the worst phase of the rotation. Pure.
/// </summary>
public sealed record CheckpointCost
{
    /// <summary>Experts of a layer copied at each checkpoint.</summary>
    public required int KSnapshot { get; init; }

    /// <summary>Experts of a layer written to storage.</summary>
    public required int KPersist { get; init; }

    /// <summary>Bytes copied, at most.</summary>
    public required long SnapshotBytes { get; init; }

    /// <summary>Bytes written.</summary>
    public required long PersistBytes { get; init; }

    /// <summary>Bytes of snapshots that stay in the node's memory: dense part and every expert once (master, m, v), or none (checkpoint.vault).</summary>
    public required long KeptBytes { get; init; }

    /// <summary>Bytes of buffers that one in writing holds, at most: those of a complete one where every so many-th is (checkpoint.complete-every).</summary>
    public required long WritingBytes { get; init; }

    /// <summary>What the overhead model was told.</summary>
    public required OverheadInputs Inputs { get; init; }

    /// <summary>What it says.</summary>
    public required OverheadPrediction Prediction { get; init; }

    /// <summary>Whether storage is done with a checkpoint before the next one is due; else that one is left out.</summary>
    public bool StorageFollows => Inputs.PersistMs <= Inputs.IntervalSteps * Inputs.IterationMs;

    /// <summary>
    /// The cost of saving <paramref name="kPersist"/> experts of each layer, and of the others what <paramref name="mask"/> leaves; K = N is a full checkpoint. As in a run, a partial
    /// checkpoint copies checkpoint.k-snapshot experts where that is more, and the snapshots stay in memory unless checkpoint.vault is off.
    /// </summary>
    public static CheckpointCost Of(RunSpec run, ShardingMode mode, PecMask mask, int kPersist, CostAssumptions assumed)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(mask);
        ArgumentNullException.ThrowIfNull(assumed);
        int experts = run.Model.Moe.Experts;
        bool partial = kPersist < experts, keeps = run.Checkpoint.Vault == VaultUse.On || (partial && run.Checkpoint.Vault == VaultUse.Auto);
        int kSnapshot = partial && keeps ? Math.Clamp(run.Checkpoint.KSnapshot, kPersist, experts) : kPersist;
        RotationPlan Rotation(int k) => RotationPlan.Of(run.Model, run.Layout, run.Training.Precision, mode, k, slot => !mask.Prunes(slot));
        RotationPlan persisted = Rotation(kPersist), copied = kSnapshot == kPersist ? persisted : Rotation(kSnapshot);

        // Weights are copied only where they are written: the vault keeps masters.
        long snapshot = Most(run, copied, r => r.OptimizerBytes) + Most(run, persisted, r => r.WeightBytes), persist = Most(run, persisted, r => r.TotalBytes);
        bool loses = partial && mask.LosesState;
        var inputs = new OverheadInputs
        {
            ForwardBackwardMs = assumed.StepMs,
            IterationMs = assumed.StepMs,
            SnapshotMs = snapshot / assumed.MemoryBytesPerSecond * 1000,
            PersistMs = persist / assumed.DiskBytesPerSecond * 1000,
            RestartMs = assumed.RestartMs,
            TotalSteps = run.Training.Steps,
            IntervalSteps = (assumed.IntervalSteps ?? run.Checkpoint.Interval) is > 0 and int steps ? steps : run.Training.Steps,
            MtbfMs = assumed.MtbfMs,
            Experts = experts,
            KSnapshot = loses ? kSnapshot : experts,
            KPersist = loses ? kPersist : experts,
            FailedShare = keeps ? 1.0 / run.Nodes : 1,
        };
        return new CheckpointCost
        {
            KSnapshot = kSnapshot,
            KPersist = kPersist,
            SnapshotBytes = snapshot,
            PersistBytes = persist,
            KeptBytes = keeps ? MemoryPlan.Of(run.Model, run.Layout, run.Training.Precision, run.Nodes, keepsSnapshots: true).Nodes.Max(n => n.Snapshots - n.Checkpoint) : 0,
            WritingBytes = partial && run.IsExact && run.Checkpoint.CompletePeriod > 0
                ? Math.Max(snapshot, MemoryPlan.Of(run.Model, run.Layout, run.Training.Precision, run.Nodes).Nodes.Max(n => n.Snapshots))
                : snapshot,
            Inputs = inputs,
            Prediction = OverheadModel.Predict(inputs),
        };
    }

    private static long Most(RunSpec run, RotationPlan rotation, Func<RankShare, long> bytes) => rotation.Phases.Max(phase => Enumerable.Range(0, run.Nodes).Max(node =>
    {
        (int first, int count) = MemoryPlan.RanksOf(node, run.Nodes, run.Layout.Ranks);
        return phase.Ranks.Skip(first).Take(count).Sum(bytes);
    }));
}
