using MoeActors.Actors.Protocol;
using MoeActors.Actors.State;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Partial;
using MoeActors.Compute.Checkpoints.Sharding;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;
using static TorchSharp.torch;

namespace MoeActors.Actors.Checkpointing;

/// <summary>
/// What one checkpoint takes of the units of a device: which experts, which slots of them, and which pieces of the bf16 weights this node's ranks write (the shard planner's
/// choice; fp32 runs have no weights apart from the master). Made once for a checkpoint, used for each unit on the compute thread.
/// </summary>
internal sealed class SnapshotPlan
{
    private readonly RunSpec spec;
    private readonly CheckpointOrder order;
    private readonly PecMask mask;
    private readonly Dictionary<int, int> moeLayers; // ordinal by block
    private readonly ShardPlan? weights;
    private readonly bool partial;

    public SnapshotPlan(RunSpec spec, CheckpointOrder order)
    {
        (this.spec, this.order) = (spec, order);
        partial = spec.Checkpoint.Mode == CheckpointMode.Partial;
        mask = PecMask.Parse(spec.Checkpoint.Mask);
        moeLayers = spec.Model.MoeLayers().Select((layer, m) => (layer, m)).ToDictionary(p => p.layer, p => p.m);
        weights = spec.Training.Precision == Precision.BFloat16
            ? ShardPlanner.Plan(
                spec.Model, spec.Layout, spec.Training.Precision, ShardingModes.Parse(spec.Checkpoint.Sharding, "checkpoint.sharding"),
                order.Complete ? null : order.Persist, order.Complete ? null : slot => !mask.Prunes(slot))
            : null;
    }

    /// <summary>The snapshot of one unit after <paramref name="step"/> completed steps, its buffers rented, its copy not begun.</summary>
    public UnitSnapshot Take(SnapshotVault vault, EpochContext context, UnitState unit, long step, int unitsOfNode)
    {
        var job = new SnapshotJob();
        var snapshot = new UnitSnapshot(context, step, unit.Id, unitsOfNode, job, vault.Pool);
        bool keeps = spec.Checkpoint.KeepsSnapshots;
        UnitRange[] all = [.. UnitRange.Of(unit.Layout, unit.Begin, unit.Count)];
        foreach (IGrouping<int, UnitRange> group in Parts(unit.Id, all))
        {
            (bool copy, bool persist) = Chosen(unit.Id, group.Key);
            var part = new SnapshotPart(vault.Pool, unit.Id, group.Key, [.. group], step, unit.Steps[group.Key]);
            foreach (string slot in SlotsOf(copy, persist))
            {
                Tensor buffer = part.Add(slot);
                part.Expect(slot, [.. group.Select(range => unit.Optimizer.SumOf(range.Entry, slot))]);
                foreach ((UnitRange range, long offset) in part.Places)
                {
                    Copy(unit.Slot(slot), range.UnitOffset, buffer, offset, range.Count, job);
                }
            }

            // Born with one holder: the writer, or the vault, or nobody.
            bool stores = part.Copied.Any(slot => persist || !mask.Prunes(slot));
            if (stores)
            {
                snapshot.Store(part, slot => persist || !mask.Prunes(slot));
            }

            if (keeps && copy && part.Whole)
            {
                snapshot.Kept.Add(stores ? part.Hold() : part);
            }

            if (persist || !mask.LosesMoments)
            {
                snapshot.StepCounts[StepKey(unit.Id, group.Key, partial)] = part.StepCount;
            }
        }

        if (all.Length == 0)
        {
            // A shard at the end of the range may be empty; its step count belongs to the state all the same.
            snapshot.StepCounts[StepKey(unit.Id, -1, false)] = unit.Steps[-1];
        }

        TakeWeights(vault, snapshot, unit, job);
        return snapshot;
    }

    /// <summary>PURE: the buffers that <see cref="Take"/> rents for a unit whose range of <paramref name="layout"/> is <paramref name="shard"/>.</summary>
    public IEnumerable<BufferSize> Buffers(UnitId unit, ParameterLayout layout, (long Begin, long Count) shard)
    {
        foreach (IGrouping<int, UnitRange> group in Parts(unit, UnitRange.Of(layout, shard.Begin, shard.Count)))
        {
            (bool copy, bool persist) = Chosen(unit, group.Key);
            foreach (string _ in SlotsOf(copy, persist))
            {
                yield return new BufferSize(SnapshotLayout.Of([.. group]).Count, ScalarType.Float32);
            }
        }

        foreach (WeightPiece piece in WeightsOf(unit))
        {
            yield return new BufferSize(piece.Count, ScalarType.BFloat16);
        }
    }

    /// <summary>Name of a step count in the manifest: that of the unit, in a run with partial checkpoints that of each of its experts.</summary>
    public static string StepKey(UnitId unit, int expert, bool partial) => partial && expert >= 0 ? $"{unit}/{expert}" : unit.ToString();

    // An expert of the unit, or all of a dense one.
    private static IEnumerable<IGrouping<int, UnitRange>> Parts(UnitId unit, IEnumerable<UnitRange> ranges) =>
        ranges.GroupBy(r => unit.Kind == UnitKind.Dense ? -1 : r.Entry.Expert);

    private (bool Copy, bool Persist) Chosen(UnitId unit, int expert)
    {
        if (order.Complete || unit.Kind == UnitKind.Dense)
        {
            return (true, true);
        }

        int m = moeLayers[unit.Layer];
        return (order.Snapshot[m].Contains(expert), order.Persist[m].Contains(expert));
    }

    private IEnumerable<string> SlotsOf(bool copy, bool persist) =>
        ((string[])[Slots.Master, Slots.First, Slots.Second]).Where(slot => (copy && spec.Checkpoint.KeepsSnapshots) || persist || !mask.Prunes(slot));

    private IEnumerable<WeightPiece> WeightsOf(UnitId unit) => weights is null
        ? []
        : weights.Ranks[UnitOrder.OwnerRank(spec.Layout, unit)].Weights.Where(p => unit.Kind == UnitKind.Dense ? p.Expert < 0 : p.Expert >= 0 && p.Layer == unit.Layer);

    private void TakeWeights(SnapshotVault vault, UnitSnapshot snapshot, UnitState unit, SnapshotJob job)
    {
        foreach (WeightPiece piece in WeightsOf(unit.Id))
        {
            job.ReadsWeights = true;
            ParameterEntry entry = unit.Layout[piece.Parameter];
            Tensor buffer = vault.Pool.Rent(piece.Count, ScalarType.BFloat16);
            Copy(unit.Weights, entry.Offset + piece.Begin, buffer, 0, piece.Count, job);
            snapshot.Store(entry, piece, buffer);
        }
    }

    private static void Copy(Tensor live, long begin, Tensor buffer, long offset, long count, SnapshotJob job)
    {
        if (live.device_type == TorchSharp.DeviceType.CPU)
        {
            long size = buffer.ElementSize;
            job.Add(TensorAddress.Of(live) + (nint)(begin * size), TensorAddress.Of(buffer) + (nint)(offset * size), count * size);
            return;
        }

        // Without streams a device's copy is made here and now, into page-locked memory.
        using Tensor from = live.narrow(0, begin, count), to = buffer.narrow(0, offset, count);
        to.copy_(from);
    }
}
