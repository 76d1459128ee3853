using MoeActors.Actors.Protocol;
using MoeActors.Actors.State;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Tensors;

using static TorchSharp.torch;

namespace MoeActors.Actors.Checkpointing;

/// <summary>
/// Puts state into the live tensors: from the seed, from verified snapshots in memory, or from verified checkpoints (CK-1: nothing unverified is ever restored). What does not
/// hold is collected, not thrown: one bad entry falls down the ladder alone.
/// </summary>
internal sealed class UnitRestore(DeviceStore store, CheckpointStore checkpoints, SnapshotVault vault)
{
    private readonly List<DamagedState> damaged = [];

    /// <summary>Restores everything a store holds from the seed: step 0.</summary>
    public static void FromSeed(DeviceStore store)
    {
        using (IDisposable scope = no_grad())
        {
            using Tensor dense = Initial(store, store.DenseLayout);
            store.DenseWeights.copy_(dense);
            foreach (UnitState unit in store.Units)
            {
                unit.FinishSnapshot();
                Tensor initial = unit is DenseUnit ? dense.alias() : Initial(store, unit.Layout);
                using (initial)
                {
                    if (unit is ExpertUnit)
                    {
                        unit.Weights.copy_(initial);
                    }

                    using Tensor range = initial.narrow(0, unit.Begin, unit.Count);
                    unit.Optimizer.Master.copy_(range);
                    unit.Optimizer.First.Fill(0);
                    unit.Optimizer.Second.Fill(0);
                    unit.Steps.SetAll(0);
                }
            }
        }
    }

    /// <summary>Restores everything the store holds to recovery point <paramref name="step"/>, experts as <paramref name="items"/> say where they are named; returns what does not hold.</summary>
    public IReadOnlyList<DamagedState> FromCheckpoint(long step, RunIdentity identity, IReadOnlyList<RestoreItem> items)
    {
        var readers = new Dictionary<long, CheckpointReader>();
        CheckpointReader Reader(long at)
        {
            if (!readers.TryGetValue(at, out CheckpointReader? reader))
            {
                readers.Add(at, reader = new CheckpointReader(checkpoints.Storage, checkpoints.Open(at, identity)));
            }

            return reader;
        }

        try
        {
            CheckpointReader main;
            try
            {
                main = Reader(step);
            }
            catch (CheckpointException e) when (!e.NewerSchema)
            {
                return [new DamagedState(RestoreRung.Storage, -1, -1, step, e.Message)];
            }

            foreach (UnitState unit in store.Units)
            {
                unit.FinishSnapshot();
            }

            RestoreDense(main, step);
            List<int> moe = [.. store.Spec.Model.MoeLayers()];
            foreach (ExpertUnit unit in store.Units.OfType<ExpertUnit>())
            {
                int ordinal = moe.IndexOf(unit.Id.Layer);
                foreach (IGrouping<int, ParameterEntry> expert in unit.Layout.Entries.GroupBy(e => e.Expert))
                {
                    RestoreItem? item = items.FirstOrDefault(i => i.Layer == ordinal && i.Expert == expert.Key);
                    if (item?.Rung == RestoreRung.Vault)
                    {
                        if (vault.Restore(unit, expert.Key, item.Moments) is { } why)
                        {
                            damaged.Add(new DamagedState(RestoreRung.Vault, ordinal, expert.Key, step, $"layer {unit.Id.Layer}, expert {expert.Key}: {why}"));
                        }
                    }
                    else
                    {
                        long manifest = item?.Manifest ?? step;
                        Try(ordinal, expert.Key, manifest, () => RestoreExpert(Reader(manifest), unit, expert.Key, [.. expert]));
                    }
                }

                // Of a snapshot or a partial checkpoint the master alone is sure to be here.
                unit.Optimizer.PublishMaster();
            }

            return damaged;
        }
        finally
        {
            foreach (CheckpointReader reader in readers.Values)
            {
                reader.Dispose();
            }
        }
    }

    private void RestoreDense(CheckpointReader reader, long step)
    {
        bool mixed = store.WeightType == ScalarType.BFloat16;
        Try(-1, -1, step, () => CheckpointWeights.Fill(reader, store.DenseLayout, 0, store.DenseLayout.Total, mixed ? Slots.Weights : Slots.Master, store.DenseWeights));
        foreach (DenseUnit unit in store.Units.OfType<DenseUnit>())
        {
            // In fp32 the master is the shared weights, which another rank of the device must not lose to an older snapshot: all of them are of this step.
            if (vault.Has(unit.Id, -1, step) && vault.Restore(unit, -1, step) is null)
            {
                continue;
            }

            Try(-1, -1, step, () =>
            {
                if (mixed)
                {
                    CheckpointWeights.Fill(reader, unit.Layout, unit.Begin, unit.Count, Slots.Master, unit.Optimizer.Master);
                }

                CheckpointWeights.Fill(reader, unit.Layout, unit.Begin, unit.Count, Slots.First, unit.Optimizer.First);
                CheckpointWeights.Fill(reader, unit.Layout, unit.Begin, unit.Count, Slots.Second, unit.Optimizer.Second);
                unit.Steps.SetAll(StepsOf(reader.Manifest, unit.Id, -1));
            });
        }
    }

    private void RestoreExpert(CheckpointReader reader, ExpertUnit unit, int expert, IReadOnlyList<ParameterEntry> entries)
    {
        // The weights of the whole expert, replicas' ranges included: from the master, which is always there.
        foreach (ParameterEntry entry in entries)
        {
            using Tensor flat = unit.Weights.narrow(0, entry.Offset, entry.Count);
            if (flat.dtype == ScalarType.Float32 && flat.device_type == TorchSharp.DeviceType.CPU)
            {
                reader.ReadRange(entry.Name, Slots.Master, 0, entry.Count, TensorAddress.Of(flat));
                continue;
            }

            using Tensor master = empty(entry.Count, dtype: ScalarType.Float32);
            reader.ReadRange(entry.Name, Slots.Master, 0, entry.Count, TensorAddress.Of(master));
            flat.copy_(master);
        }

        long begin = entries[0].Offset, end = entries[^1].Offset + entries[^1].Count;
        (long from, long to) = (Math.Max(begin, unit.Begin), Math.Min(end, unit.Begin + unit.Count));
        if (from >= to)
        {
            unit.Steps[expert] = StepsOf(reader.Manifest, unit.Id, expert);
            return;
        }

        foreach (string slot in (string[])[Slots.Master, Slots.First, Slots.Second])
        {
            if (slot == Slots.Master && store.WeightType == ScalarType.Float32)
            {
                continue;
            }

            using Tensor target = unit.Slot(slot).narrow(0, from - unit.Begin, to - from);
            CheckpointWeights.Fill(reader, unit.Layout, from, to - from, slot, target);
        }

        unit.Steps[expert] = StepsOf(reader.Manifest, unit.Id, expert);
    }

    private static long StepsOf(Manifest manifest, UnitId unit, int expert) =>
        manifest.Units.TryGetValue(SnapshotPlan.StepKey(unit, expert, partial: true), out long own) ? own
        : manifest.Units.TryGetValue(unit.ToString(), out long all) ? all
        : throw new CheckpointException($"checkpoint {manifest.Step}: the manifest names no step count of unit {unit}: it belongs to another layout");

    private void Try(int layer, int expert, long step, Action read)
    {
        try
        {
            read();
        }
        catch (CheckpointException e) when (!e.NewerSchema)
        {
            damaged.Add(new DamagedState(RestoreRung.Storage, layer, expert, step, e.Message));
        }
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
