using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Checkpoints;

/// <summary>Weights out of checkpoints, verified (CK-1).</summary>
public static class CheckpointWeights
{
    /// <summary>Reads a model's full weights, in the run's compute dtype.</summary>
    /// <param name="spec">The run the checkpoint is of.</param>
    /// <param name="reader">The checkpoint.</param>
    /// <returns>The weights, which the caller owns.</returns>
    /// <exception cref="CheckpointException">Something is missing or does not hold.</exception>
    public static ModelWeights Load(RunSpec spec, CheckpointReader reader)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(reader);
        var units = new UnitOrder(spec.Model, spec.Layout);
        var weights = new ModelWeights(units, spec.Training.Precision);
        try
        {
            ParameterLayout dense = units.LayoutOf(UnitId.Dense(0));
            Fill(reader, dense, 0, dense.Total, weights.DType == ScalarType.BFloat16 ? Slots.Weights : Slots.Master, weights.Dense);
            foreach (UnitId unit in units.Units.Where(u => u is { Kind: UnitKind.Experts, Index: 0 }))
            {
                FillFromMaster(reader, units.LayoutOf(unit), weights.Of(unit));
            }

            return weights;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>Reads the master weights of one unit: fp32 [count] on the CPU, owned by the caller.</summary>
    /// <exception cref="CheckpointException">Something is missing or does not hold.</exception>
    public static Tensor Master(CheckpointReader reader, UnitOrder order, UnitId unit) => Slot(reader, order, unit, Slots.Master);

    /// <summary>Reads one slot of a unit's state: fp32 [count] on the CPU, owned by the caller.</summary>
    internal static Tensor Slot(CheckpointReader reader, UnitOrder order, UnitId unit, string slot)
    {
        ArgumentNullException.ThrowIfNull(order);
        (long begin, long count) = order.ShardOf(unit);
        Tensor read = zeros(count, dtype: ScalarType.Float32);
        try
        {
            Fill(reader, order.LayoutOf(unit), begin, count, slot, read);
            return read;
        }
        catch
        {
            read.Dispose();
            throw;
        }
    }

    /// <summary>Reads elements [begin, begin + count) of a slot of a flat parameter group into <paramref name="target"/> [count], fp32 or bf16 as the slot is, on any device.</summary>
    /// <exception cref="CheckpointException">Something is missing or does not hold.</exception>
    public static unsafe void Fill(CheckpointReader reader, ParameterLayout layout, long begin, long count, string slot, Tensor target)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(target);
        if (target.device_type != DeviceType.CPU)
        {
            using Tensor staging = zeros_like(target, device: CPU);
            Fill(reader, layout, begin, count, slot, staging);
            target.copy_(staging);
            return;
        }

        byte* start = TensorMemory.BytePointer(target);
        long size = target.ElementSize;
        reader.ReadRanges([.. UnitRange.Of(layout, begin, count).Select(r => new TensorRange(r.Entry.Name, slot, r.EntryBegin, r.Count, (nint)start + (nint)(r.UnitOffset * size)))]);
    }

    // A partial checkpoint's weights may be older than its master.
    private static void FillFromMaster(CheckpointReader reader, ParameterLayout layout, Tensor flat)
    {
        if (flat.dtype == ScalarType.Float32)
        {
            Fill(reader, layout, 0, layout.Total, Slots.Master, flat);
            return;
        }

        using Tensor master = zeros(layout.Total, dtype: ScalarType.Float32);
        Fill(reader, layout, 0, layout.Total, Slots.Master, master);
        flat.copy_(master);
    }
}
