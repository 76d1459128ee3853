using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text.Json;

using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.Cluster.Placements;
using MoeActors.Actors.Diagnostics;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Files;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Partial;
using MoeActors.Compute.Checkpoints.Retention;
using MoeActors.Compute.Checkpoints.Sharding;
using MoeActors.Compute.Checkpoints.Storage;
using MoeActors.Compute.Data;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Checkpointing;

/// <summary>
/// The checkpoints of a run, one a step, without training between them: the coordinator orders, every unit's file is written, the publisher merges, publishes and retains. Every
/// element of a stored piece is the number of the step it is of.
/// </summary>
internal sealed unsafe class SavingRun : IDisposable
{
    private readonly RunSpec spec;
    private readonly CheckpointStore store;
    private readonly FlightRecorder flight;
    private readonly PecMask mask;
    private readonly UnitOrder units;
    private readonly float* floats;
    private readonly ushort* halves;
    private readonly int largest;
    private CoordinatorState state;

    /// <summary>Goes on from the newest checkpoint.</summary>
    /// <param name="spec">The run's record.</param>
    /// <param name="storage">Where its checkpoints lie.</param>
    /// <param name="scratch">A file for the flight recorder.</param>
    /// <param name="epoch">1 or more, new for each process.</param>
    /// <param name="fence">Its fencing token.</param>
    public SavingRun(RunSpec spec, ICheckpointStorage storage, string scratch, int epoch, long fence = 0)
    {
        (this.spec, store, flight) = (spec, new CheckpointStore(storage), new FlightRecorder(scratch, KillPlan.None));
        (mask, units) = (PecMask.Parse(spec.Checkpoint.Mask), new UnitOrder(spec.Model, spec.Layout));
        largest = (int)units.Units.Max(u => units.LayoutOf(u).Total);
        floats = (float*)NativeMemory.AlignedAlloc((nuint)largest * sizeof(float), 64);
        halves = (ushort*)NativeMemory.AlignedAlloc((nuint)largest * sizeof(ushort), 64);
        CheckpointFacts[] published = [.. store.List().Valid.Select(m => CheckpointFacts.Of(spec, m))];
        var node = new NodeIdentity("node-1", "incarnation", "", "", 0, 0, "", 1, 0, "", 1);
        state = new CoordinatorState
        {
            Phase = RunPhase.Running,
            Spec = spec,
            Epoch = epoch,
            Fence = fence,
            KSnapshot = spec.Checkpoint.KSnapshot,
            KPersist = spec.Checkpoint.KPersist,
            Placement = new Placement([node], new int[spec.Layout.Ranks], ""),
            NewestCheckpoint = published.Length > 0 ? published[0].Step : 0,
            Published = published.ToImmutableSortedDictionary(f => f.Step, f => f),
        };
    }

    public long Newest => state.NewestCheckpoint;

    /// <summary>Makes the next checkpoint; returns its step once it is published.</summary>
    public long Save()
    {
        long step = state.NewestCheckpoint + 1;
        CheckpointOrder order = CheckpointOrders.Next(state, last: false);
        PltLedger? plt = spec.Checkpoint.Mode == CheckpointMode.Partial ? PltLedger.Empty(spec.Model.MoeLayers().Count, spec.Model.Moe.Experts) : null;
        PendingCheckpoint pending = CheckpointCommit.Begin(state, step, SampleLedger.Empty(spec.Training.GlobalBatch), plt, order);
        SnapshotPersisted part = Write(step, order);
        pending = pending with { Parts = pending.Parts.Add(part.Node, part) };
        var retention = new RetentionRequest(new RetentionPolicy(spec.Checkpoint.Keep, spec.Checkpoint.KeepEvery), state.Fence)
        {
            Pinned = new HashSet<long> { state.NewestCheckpoint },
            InProgress = new HashSet<long> { step },
        };
        CommittedCheckpoint committed = Publisher.Publish(spec, store, retention, pending, phase => flight.EnterStorage(phase, step));
        state = CheckpointCommit.OnPublished(
            state with { Pending = state.Pending.SetItem(step, pending) }, new CoordinatorInput.Published(pending, committed.Bytes) { Kept = committed.Kept }, []);
        return step;
    }

    public void Dispose()
    {
        flight.Dispose();
        NativeMemory.AlignedFree(floats);
        NativeMemory.AlignedFree(halves);
    }

    /// <summary>The bf16 number that stands for a step.</summary>
    public static ushort Half(long step) => (ushort)(BitConverter.SingleToUInt32Bits(step % 128) >> 16);

    private SnapshotPersisted Write(long step, CheckpointOrder order)
    {
        new Span<float>(floats, largest).Fill(step);
        new Span<ushort>(halves, largest).Fill(Half(step));
        bool partial = spec.Checkpoint.Mode == CheckpointMode.Partial;
        ShardPlan weights = ShardPlanner.Plan(
            spec.Model, spec.Layout, spec.Training.Precision, ShardingModes.Parse(spec.Checkpoint.Sharding, "checkpoint.sharding"),
            order.Complete ? null : order.Persist, order.Complete ? null : slot => !mask.Prunes(slot));
        string folder = store.Begin(step, state.Epoch);
        var writer = new ShardFileWriter(store.Storage);
        var written = new List<ShardFileResult>();
        var counts = new Dictionary<string, long>();
        foreach (UnitId unit in units.Units)
        {
            var pieces = new List<ShardTensor>();
            ParameterLayout layout = units.LayoutOf(unit);
            (long begin, long count) = units.ShardOf(unit);
            UnitRange[] ranges = [.. UnitRange.Of(layout, begin, count)];
            foreach (UnitRange range in ranges)
            {
                bool chosen = order.Complete || unit.Kind == UnitKind.Dense || order.Persist[spec.Model.MoeLayers().ToList().IndexOf(unit.Layer)].Contains(range.Entry.Expert);
                foreach (string slot in (string[])[Slots.Master, Slots.First, Slots.Second])
                {
                    if (chosen || !mask.Prunes(slot))
                    {
                        pieces.Add(Piece(range.Entry, slot, ElementTypes.F32, range.EntryBegin, range.Count, (nint)floats));
                    }
                }

                if (chosen || !mask.LosesMoments)
                {
                    counts[SnapshotPlan.StepKey(unit, unit.Kind == UnitKind.Dense ? -1 : range.Entry.Expert, partial)] = step;
                }
            }

            if (ranges.Length == 0)
            {
                counts[SnapshotPlan.StepKey(unit, -1, false)] = step;
            }

            foreach (WeightPiece w in weights.Ranks[units.OwnerRank(unit)].Weights.Where(w => unit.Kind == UnitKind.Dense ? w.Expert < 0 : w.Expert >= 0 && w.Layer == unit.Layer))
            {
                pieces.Add(Piece(layout[w.Parameter], Slots.Weights, ElementTypes.BF16, w.Begin, w.Count, (nint)halves));
            }

            if (pieces.Count > 0)
            {
                written.Add(writer.Write($"{folder}/{unit.ToString().Replace('/', '-')}.safetensors", spec.RunId, step, pieces));
            }
        }

        var part = new CheckpointWriterActor.Part([.. written.Select(w => w.File)], [.. written.SelectMany(w => w.Entries)], counts);
        return new SnapshotPersisted(state.Epoch, step, "incarnation", JsonSerializer.Serialize(part), written.Sum(w => w.Bytes), 1, 1, null);
    }

    private static ShardTensor Piece(ParameterEntry entry, string slot, string dtype, long begin, long count, nint memory) =>
        new(entry.Name, slot, entry.Layer, entry.Expert, entry.Shape, dtype, begin, count, memory, count * ElementTypes.Size(dtype));
}
