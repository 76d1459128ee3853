using MoeActors.Actors.Training;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Models;

using static TorchSharp.torch;

namespace MoeActors.Actors.Checkpointing;

/// <summary>Puts state into the live tensors: from the seed, or from a verified checkpoint (CK-1: nothing unverified is ever restored).</summary>
internal static class UnitRestore
{
    /// <summary>Restores everything a store holds from the seed: step 0.</summary>
    public static void FromSeed(DeviceStore store)
    {
        using (IDisposable scope = no_grad())
        {
            using Tensor dense = Initial(store, store.DenseLayout);
            store.DenseWeights.copy_(dense);
            foreach (UnitState unit in store.Units)
            {
                Tensor initial = unit is DenseUnit ? dense.alias() : Initial(store, unit.Layout);
                using (initial)
                {
                    if (unit is ExpertUnit)
                    {
                        unit.Weights.copy_(initial);
                    }

                    using Tensor range = initial.narrow(0, unit.Begin, unit.Count);
                    unit.Optimizer.Master.copy_(range);
                    unit.Optimizer.First.fill_(0f);
                    unit.Optimizer.Second.fill_(0f);
                    unit.StepCount = 0;
                }
            }
        }
    }

    /// <summary>Restores everything a store holds from one checkpoint.</summary>
    public static void FromCheckpoint(DeviceStore store, Manifest manifest, CheckpointReader reader)
    {
        string slot = store.WeightType == ScalarType.BFloat16 ? "weights" : "master";
        Fill(reader, store.DenseLayout, 0, store.DenseLayout.Total, slot, store.DenseWeights);
        foreach (UnitState unit in store.Units)
        {
            if (unit is ExpertUnit)
            {
                Fill(reader, unit.Layout, 0, unit.Layout.Total, slot, unit.Weights);
            }

            if (store.WeightType == ScalarType.BFloat16)
            {
                Fill(reader, unit.Layout, unit.Begin, unit.Count, "master", unit.Optimizer.Master);
            }

            Fill(reader, unit.Layout, unit.Begin, unit.Count, "m", unit.Optimizer.First);
            Fill(reader, unit.Layout, unit.Begin, unit.Count, "v", unit.Optimizer.Second);
            unit.StepCount = manifest.Units.TryGetValue(unit.Id.ToString(), out long steps)
                ? steps
                : throw new CheckpointException($"checkpoint {manifest.Step}: the manifest names no step count of unit {unit.Id}: it belongs to another layout");
        }
    }

    /// <summary>Reads a range of a flat parameter group into <paramref name="target"/>.</summary>
    internal static void Fill(CheckpointReader reader, ParameterLayout layout, long begin, long count, string slot, Tensor target)
    {
        if (target.device_type != TorchSharp.DeviceType.CPU)
        {
            using Tensor staging = zeros_like(target, device: CPU);
            Fill(reader, layout, begin, count, slot, staging);
            target.copy_(staging);
            return;
        }

        nint start = TensorAddress.Of(target);
        int size = target.dtype == ScalarType.BFloat16 ? 2 : 4;
        reader.ReadRanges([.. UnitRange.Of(layout, begin, count)
            .Select(r => new TensorRange(r.Entry.Name, slot, r.EntryBegin, r.Count, start + (nint)(r.UnitOffset * size)))]);
    }

    private static Tensor Initial(DeviceStore store, ParameterLayout layout)
    {
        Tensor flat = zeros(layout.Total, dtype: ScalarType.Float32);
        foreach (ParameterEntry entry in layout.Entries)
        {
            using Tensor view = layout.View(flat, entry);
            ParameterInit.Fill(store.Spec.Model, store.Spec.Training.Seed, entry, view);
        }

        return flat;
    }
}
