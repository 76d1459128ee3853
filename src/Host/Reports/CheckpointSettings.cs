using MoeActors.Compute.Checkpoints.Partial;
using MoeActors.Compute.Specs;

namespace MoeActors.Host.Reports;

/// <summary>What of a run's record the overhead model needs.</summary>
/// <param name="TotalSteps">Steps of the whole run as planned.</param>
/// <param name="Interval">Steps between checkpoints; 0 = only at the end.</param>
/// <param name="Experts">Experts of an MoE layer.</param>
/// <param name="KSnapshot">Experts of a layer snapshotted at each checkpoint; all of them where nothing can be lost.</param>
/// <param name="KPersist">Experts of a layer persisted, likewise.</param>
/// <param name="FailedShare">Share of the experts that a fault takes back to storage.</param>
public sealed record CheckpointSettings(int TotalSteps, int Interval, int Experts, int KSnapshot, int KPersist, double FailedShare)
{
    /// <summary>Those of a record: a full checkpoint, or a mask that loses nothing, has K = N; without snapshots in memory every expert goes back to storage.</summary>
    public static CheckpointSettings Of(RunSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        int experts = spec.Model.Moe.Experts;
        bool loses = spec.Checkpoint.Mode == CheckpointMode.Partial && PecMask.Parse(spec.Checkpoint.Mask).LosesState;
        return new CheckpointSettings(
            spec.Training.Steps, spec.Checkpoint.Interval, experts, loses ? spec.Checkpoint.KSnapshot : experts, loses ? spec.Checkpoint.KPersist : experts,
            spec.Checkpoint.KeepsSnapshots ? 1.0 / Math.Max(1, spec.Nodes) : 1);
    }
}
