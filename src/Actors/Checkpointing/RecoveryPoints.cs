using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Checkpointing;

/// <summary>What a run's checkpoints say of themselves: the manifests are the truth (CK-1).</summary>
/// <param name="Step">Completed steps of the newest; 0 = none.</param>
/// <param name="Epoch">Epoch it was written in.</param>
/// <param name="Ledger">Its samples (DA-1).</param>
/// <param name="Published">All of this run that can be read, newest first.</param>
internal sealed record RecoveryPoints(long Step, int Epoch, SampleLedger Ledger, IReadOnlyList<CheckpointFacts> Published)
{
    /// <summary>Nothing is saved yet.</summary>
    public static RecoveryPoints None(RunSpec spec) => new(0, 0, SampleLedger.Empty(spec.Training.GlobalBatch), []);

    /// <summary>Reads a store; throws <see cref="CheckpointException"/> when its checkpoints belong to another run.</summary>
    public static RecoveryPoints Of(CheckpointStore store, RunSpec spec)
    {
        Manifest? newest = store.Newest();
        if (newest is null)
        {
            return None(spec);
        }

        RunIdentity own = RunIdentity.Of(spec);
        newest.Demand(own);
        CheckpointFacts[] published = [.. store.List().Valid.Where(m => own.Difference(m.Identity) is null).Select(m => CheckpointFacts.Of(spec, m))];
        return new RecoveryPoints(newest.Step, (int)newest.Epoch, published[0].Ledger, published);
    }
}
