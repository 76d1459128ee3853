using System.Text.Json;

using MoeActors.Compute.Checkpoints.Files;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Data;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using static TorchSharp.torch;

namespace MoeActors.Compute.Checkpoints;

/// <summary>The state of one unit: fp32 [count] on the CPU, the range that the unit owns of its group.</summary>
/// <param name="Master">Weights.</param>
/// <param name="First">First moment; null = zero.</param>
/// <param name="Second">Second moment; null = zero.</param>
public sealed record UnitTensors(Tensor Master, Tensor? First = null, Tensor? Second = null) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        Master.Dispose();
        First?.Dispose();
        Second?.Dispose();
    }
}

/// <summary>A complete checkpoint written by one process, without a cluster: the first of a run that begins with another's weights, and a model that is saved.</summary>
public static class CompleteCheckpoint
{
    /// <summary>Writes all units, one in memory at a time, and publishes them (CK-1).</summary>
    /// <param name="spec">The run.</param>
    /// <param name="store">Its checkpoints.</param>
    /// <param name="ledger">What its samples did; its steps are the checkpoint's.</param>
    /// <param name="now">Time of day, for the manifest.</param>
    /// <param name="unit">The state of a unit; disposed here.</param>
    /// <param name="accept">Sees the files before they are published, and throws where they are not to be; null without.</param>
    /// <param name="cancellation">Ends it; nothing is published then.</param>
    /// <returns>What was published.</returns>
    /// <exception cref="CheckpointException">It cannot be written.</exception>
    public static Manifest Write(
        RunSpec spec, CheckpointStore store, SampleLedger ledger, DateTimeOffset now, Func<UnitId, UnitTensors> unit, Action<CheckpointReader>? accept = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(ledger);
        ArgumentNullException.ThrowIfNull(unit);
        string folder = store.Begin(ledger.Steps);
        var writer = new ShardFileWriter(store.Storage);
        var order = new UnitOrder(spec.Model, spec.Layout);
        var files = new List<CheckpointFile>();
        var entries = new List<CheckpointEntry>();
        foreach (UnitId id in order.Units)
        {
            (long begin, long count) = order.ShardOf(id);
            UnitRange[] ranges = [.. UnitRange.Of(order.LayoutOf(id), begin, count)];
            if (ranges.Length == 0)
            {
                continue;
            }

            using UnitTensors state = unit(id);
            ShardFileResult written = Write(spec, writer, $"{folder}/{id.ToString().Replace('/', '-')}.safetensors", ledger.Steps, state, ranges, cancellation);
            files.Add(written.File);
            entries.AddRange(written.Entries);
        }

        long updates = ledger.Steps - ledger.SkippedSteps.Count;
        var manifest = new Manifest
        {
            Identity = RunIdentity.Of(spec),
            Step = ledger.Steps,
            Epoch = 0,
            FencingToken = store.Fence(),
            CreatedAt = now,
            Files = files,
            Entries = entries,
            Units = order.Units.ToDictionary(u => u.ToString(), _ => updates),
            Ledger = JsonSerializer.Deserialize<JsonElement>(ledger.ToJson()),
            Seed = spec.Training.Seed,
        };
        if (accept is not null)
        {
            using var reader = new CheckpointReader(store.Storage, manifest);
            accept(reader);
        }

        store.Publish(manifest, ExpectedState.Of(spec));
        return manifest;
    }

    private static unsafe ShardFileResult Write(
        RunSpec spec, ShardFileWriter writer, string file, long step, UnitTensors state, UnitRange[] ranges, CancellationToken cancellation)
    {
        using Tensor none = zeros(ranges.Max(r => r.Count), dtype: ScalarType.Float32);
        using Tensor? weights = spec.Training.Precision == Precision.BFloat16 ? state.Master.to(ScalarType.BFloat16) : null;
        var tensors = new List<ShardTensor>();
        foreach (UnitRange range in ranges)
        {
            Add(Slots.Master, ElementTypes.F32, state.Master, range.UnitOffset);
            Add(Slots.First, ElementTypes.F32, state.First ?? none, state.First is null ? 0 : range.UnitOffset);
            Add(Slots.Second, ElementTypes.F32, state.Second ?? none, state.Second is null ? 0 : range.UnitOffset);
            if (weights is not null)
            {
                Add(Slots.Weights, ElementTypes.BF16, weights, range.UnitOffset);
            }

            void Add(string slot, string dtype, Tensor of, long offset)
            {
                long size = of.ElementSize;
                nint start = (nint)(TensorMemory.BytePointer(of) + (offset * size));
                tensors.Add(new ShardTensor(range.Entry.Name, slot, range.Entry.Layer, range.Entry.Expert, range.Entry.Shape, dtype, range.EntryBegin, range.Count, start, range.Count * size));
            }
        }

        return writer.Write(file, spec.RunId, step, tensors, cancellation);
    }
}
