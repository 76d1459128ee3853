using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Data;
using MoeActors.Compute.Models;
using MoeActors.Compute.Optimization;
using MoeActors.Compute.Tensors;

using static TorchSharp.torch;

namespace MoeActors.Actors.Tests.Clusters;

/// <summary>What a run is to give, by the plain engine: one thread, no actors, no exchange.</summary>
internal sealed record Reference(IReadOnlyList<StepResult> Steps, string WeightsHash)
{
    /// <summary>Trains <paramref name="spec"/> to its end, or for its first <paramref name="steps"/>, on a thread of its own: libtorch's thread count belongs to the thread.</summary>
    public static Task<Reference> TrainAsync(RunSpec spec, int? steps = null) => Task.Factory.StartNew(
        () =>
        {
            ThreadSettings.Apply(spec.Layout.ThreadsPerRank);
            using Corpus corpus = Corpus.Open(spec.Data, Tokenizers.Open(spec.Data.Tokenizer), spec.Model.Context);
            var batches = new BatchReader(spec, corpus);
            using var trainer = new LocalTrainer(spec, batches.Batch);
            StepResult[] done = Enumerable.Range(0, steps ?? spec.Training.Steps).Select(_ => trainer.Step()).ToArray();
            return new Reference(done, StateHash.Weights(Digests(trainer).ToArray()));
        },
        TestContext.Current.CancellationToken,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    private static IEnumerable<TensorDigest> Digests(LocalTrainer trainer)
    {
        foreach (IGrouping<(UnitKind, int, int), UnitId> group in trainer.Units.Units.GroupBy(u => (u.Kind, u.Layer, u.Position)))
        {
            ParameterLayout layout = trainer.Units.LayoutOf(group.First());
            using Tensor flat = zeros(layout.Total, dtype: ScalarType.Float32);
            foreach (UnitId unit in group)
            {
                (long begin, long count) = trainer.Units.ShardOf(unit);
                using Tensor target = flat.narrow(0, begin, count);
                target.copy_(trainer.Optimizer(unit).Master);
            }

            foreach (ParameterEntry entry in layout.Entries)
            {
                using Tensor view = layout.View(flat, entry);
                yield return Digest(entry, view);
            }
        }
    }

    private static unsafe TensorDigest Digest(ParameterEntry entry, Tensor view)
    {
        fixed (byte* first = view.bytes)
        {
            return TensorDigest.Of(entry.Name, "master", "F32", entry.Shape, (nint)first);
        }
    }
}
