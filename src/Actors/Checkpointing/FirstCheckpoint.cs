using System.Runtime.InteropServices;
using System.Text.Json;

using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.State;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Files;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Data;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;

using static TorchSharp.torch;

namespace MoeActors.Actors.Checkpointing;

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
        string folder = store.Begin(0);
        var writer = new ShardFileWriter(store.Storage);
        var order = new UnitOrder(spec.Model, spec.Layout);
        var files = new List<CheckpointFile>();
        var entries = new List<CheckpointEntry>();
        foreach (UnitId unit in order.Units)
        {
            (long begin, long count) = order.ShardOf(unit);
            UnitRange[] ranges = [.. UnitRange.Of(order.LayoutOf(unit), begin, count)];
            if (ranges.Length > 0)
            {
                ShardFileResult written = WriteUnit(spec, writer, source, $"{folder}/{unit.ToString().Replace('/', '-')}.safetensors", order.LayoutOf(unit), (begin, count), ranges, cancellation);
                files.Add(written.File);
                entries.AddRange(written.Entries);
            }
        }

        var manifest = new Manifest
        {
            Identity = Manifests.IdentityOf(spec),
            Step = 0,
            Epoch = 0,
            FencingToken = store.Fence(),
            CreatedAt = now,
            Files = files,
            Entries = entries,
            Units = order.Units.ToDictionary(u => u.ToString(), _ => 0L),
            Ledger = JsonSerializer.Deserialize<JsonElement>(SampleLedger.Empty(spec.Training.GlobalBatch).ToJson()),
            Seed = spec.Training.Seed,
        };
        Verify(spec, store, manifest, cancellation);
        store.Publish(manifest, ExpectedState.Of(spec));
    }

    private static ShardFileResult WriteUnit(
        RunSpec spec, ShardFileWriter writer, CheckpointReader source, string file, ParameterLayout layout, (long Begin, long Count) shard, UnitRange[] ranges, CancellationToken cancellation)
    {
        using Tensor master = zeros(shard.Count, dtype: ScalarType.Float32), moments = zeros(ranges.Max(r => r.Count), dtype: ScalarType.Float32);
        CheckpointWeights.Fill(source, layout, shard.Begin, shard.Count, Slots.Master, master);
        using Tensor? weights = spec.Training.Precision == Precision.BFloat16 ? master.to(ScalarType.BFloat16) : null;
        var tensors = new List<ShardTensor>();
        foreach (UnitRange range in ranges)
        {
            void Add(string slot, string dtype, Tensor of, long offset)
            {
                long size = of.ElementSize;
                tensors.Add(new ShardTensor(
                    range.Entry.Name, slot, range.Entry.Layer, range.Entry.Expert, range.Entry.Shape, dtype, range.EntryBegin, range.Count, TensorAddress.Of(of) + (nint)(offset * size), range.Count * size));
            }

            Add(Slots.Master, ElementTypes.F32, master, range.UnitOffset);
            Add(Slots.First, ElementTypes.F32, moments, 0);
            Add(Slots.Second, ElementTypes.F32, moments, 0);
            if (weights is not null)
            {
                Add(Slots.Weights, ElementTypes.BF16, weights, range.UnitOffset);
            }
        }

        return writer.Write(file, spec.RunId, 0, tensors, cancellation);
    }

    private static void Verify(RunSpec spec, CheckpointStore store, Manifest manifest, CancellationToken cancellation)
    {
        using var reader = new CheckpointReader(store.Storage, manifest);
        string found = StateHash.Weights(reader, cancellation);
        if (spec.Origin is { } origin && found != origin.WeightsHash)
        {
            throw new CheckpointException($"{origin.Folder}: the weights of step {origin.Step} have hash {found}, the run's record says {origin.WeightsHash}: put that run back as it was");
        }
    }
}
