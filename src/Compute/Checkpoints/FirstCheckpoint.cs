using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Data;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;
using static TorchSharp.torch;

namespace MoeActors.Compute.Checkpoints;

/// <summary>
/// The checkpoint of step 0 of a run that begins with another run's weights: those weights, moments of zero, no step counted, no sample used. From then on the run needs its source no more: whatever is lost before its next
/// checkpoint is restored from this one, as a run from the seed is from the seed.
/// </summary>
public static class FirstCheckpoint
{
    /// <summary>Writes and publishes it. One unit of the model is in memory at a time.</summary>
    /// <param name="spec">The new run; its <see cref="RunSpec.Origin"/> names the hash that its weights must have.</param>
    /// <param name="store">Its checkpoints.</param>
    /// <param name="source">A checkpoint of the other run, of a model of the same shape.</param>
    /// <param name="now">Time of day, for the manifest.</param>
    /// <param name="cancellation">Ends it; nothing is published then.</param>
    public static void Write(RunSpec spec, CheckpointStore store, CheckpointReader source, DateTimeOffset now, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(source);
        var order = new UnitOrder(spec.Model, spec.Layout);
        CompleteCheckpoint.Write(
            spec, store, SampleLedger.Empty(spec.Training.GlobalBatch), now, unit => new UnitTensors(CheckpointWeights.Master(source, order, unit)), written => Verify(spec, written, cancellation), cancellation);
    }

    private static void Verify(RunSpec spec, CheckpointReader written, CancellationToken cancellation)
    {
        string found = StateHash.Weights(written, cancellation);
        if (spec.Origin is { } origin && found != origin.WeightsHash)
        {
            throw new CheckpointException($"{origin.Folder}: the weights of step {origin.Step} have hash {found}, the run's record says {origin.WeightsHash}: put that run back as it was");
        }
    }
}
