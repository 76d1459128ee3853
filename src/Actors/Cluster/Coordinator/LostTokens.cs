using MoeActors.Compute.Checkpoints.Partial;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>PURE: what a run's ledger says of lost tokens, as a share of those planned for the whole run.</summary>
internal static class LostTokens
{
    /// <summary>PLT of <paramref name="ledger"/> (Eq. 7), a share; null in a run without partial checkpoints, which has no ledger.</summary>
    public static double? Share(RunSpec? spec, PltLedger? ledger) => spec is null || ledger is null
        ? null
        : ledger.Plt((long)spec.Training.Steps * spec.Training.GlobalBatch * spec.Model.Context, spec.Model.Moe.TopK);
}
