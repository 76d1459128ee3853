using System.Text.Json;

using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Data;
using MoeActors.Compute.Local;
using MoeActors.Compute.Optimization;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Passes;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;

using static TorchSharp.torch;

namespace MoeActors.Actors.Tests.Clusters;

/// <summary>What a run is to give, by the plain engine: one thread, no actors, no exchange.</summary>
internal sealed record Reference(IReadOnlyList<StepResult> Steps, string WeightsHash, string StateHash)
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
            var ledger = new SampleLedger { GlobalBatch = spec.Training.GlobalBatch, Steps = done.Length, SkippedSteps = [.. done.Where(d => !d.Applied).Select(d => d.Step)] };
            return new Reference(
                done,
                Compute.Checkpoints.StateHash.Weights(Digests(trainer, [Slots.Master]).ToArray()),
                Compute.Checkpoints.StateHash.State(
                    Digests(trainer, [Slots.Master, Slots.First, Slots.Second]).ToArray(), done.Length, trainer.Units.Units.ToDictionary(u => u.ToString(), _ => trainer.Updates),
                    spec.Training.Seed, JsonSerializer.Deserialize<JsonElement>(ledger.ToJson())));
        },
        TestContext.Current.CancellationToken,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    private static IEnumerable<TensorDigest> Digests(LocalTrainer trainer, string[] slots)
    {
        foreach ((string slot, IGrouping<(UnitKind, int, int), UnitId> group) in slots.SelectMany(s => trainer.Units.Units.GroupBy(u => (u.Kind, u.Layer, u.Position)).Select(g => (s, g))))
        {
            ParameterLayout layout = trainer.Units.LayoutOf(group.First());
            using Tensor flat = zeros(layout.Total, dtype: ScalarType.Float32);
            foreach (UnitId unit in group)
            {
                (long begin, long count) = trainer.Units.ShardOf(unit);
                using Tensor target = flat.narrow(0, begin, count);
                OptimizerShard state = trainer.Optimizer(unit);
                target.copy_(slot == Slots.Master ? state.Master : slot == Slots.First ? state.First : state.Second);
            }

            foreach (ParameterEntry entry in layout.Entries)
            {
                using Tensor view = layout.View(flat, entry);
                yield return Digest(entry, slot, view);
            }
        }
    }

    private static unsafe TensorDigest Digest(ParameterEntry entry, string slot, Tensor view)
    {
        fixed (byte* first = view.bytes)
        {
            return TensorDigest.Of(entry.Name, slot, "F32", entry.Shape, (nint)first);
        }
    }
}
