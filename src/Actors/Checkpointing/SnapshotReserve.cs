using MoeActors.Actors.Protocol;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Partial;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;

using static TorchSharp.torch;

namespace MoeActors.Actors.Checkpointing;

/// <summary>
/// PURE: the buffers that the snapshots of a node need, known as soon as it knows its ranks. Of a run with partial checkpoints: the dense part and every expert once, which the vault keeps, and beside them
/// what the largest partial checkpoint takes, or, in a run that recovers exactly, a complete one. With these in hand no checkpoint but the last waits for memory; the last, complete again, finds at least part of its own. So does one after Dynamic-K has raised K, and one whose bf16 weights the
/// adaptive sharding moves as the load chooses.
/// </summary>
/// <param name="Buffers">How many of each size.</param>
/// <param name="Reason">One sentence.</param>
internal sealed record SnapshotReserve(IReadOnlyDictionary<BufferSize, int> Buffers, string Reason)
{
    /// <summary>Bytes of all of them.</summary>
    public long Bytes => Buffers.Sum(b => b.Key.Bytes * b.Value);

    /// <summary>The reserve of a node that holds <paramref name="ranks"/>.</summary>
    public static SnapshotReserve Of(RunSpec spec, IReadOnlyCollection<int> ranks)
    {
        if (spec.Checkpoint.Interval == 0)
        {
            return new(new Dictionary<BufferSize, int>(), "none: the only checkpoint is made when training is over (checkpoint.interval = 0)");
        }

        var order = new UnitOrder(spec.Model, spec.Layout);
        UnitId[] units = [.. order.Units.Where(u => ranks.Contains(order.OwnerRank(u)))];
        CheckpointSpec checkpoint = spec.Checkpoint;
        bool keeps = checkpoint.KeepsSnapshots, full = checkpoint.Mode == CheckpointMode.Full || checkpoint.KPersist >= spec.Model.Moe.Experts;
        Dictionary<BufferSize, int> complete = Sum(units.Select(u => Sizes(u, CheckpointOrder.All)));
        (Dictionary<BufferSize, int> next, string what) = full ? (complete, "another one")
            : checkpoint.Selection == ExpertChoice.LoadAware ? (Sum(units.Select(AnyChoice)), "a partial checkpoint, whichever experts the load chooses")
            : (Walked(SnapshotOrders.Walk(spec)), "the largest partial checkpoint of the walk");
        if (!full && spec.IsExact && checkpoint.CompletePeriod > 0)
        {
            (next, what) = (Most([complete, next]), "a complete checkpoint, as every so many-th is (checkpoint.complete-every)");
        }

        // Weights are never kept: those of one checkpoint are free when the next one begins.
        Dictionary<BufferSize, int> buffers = complete.Keys.Union(next.Keys).ToDictionary(size => size, size =>
        {
            (int once, int then) = (complete.GetValueOrDefault(size), next.GetValueOrDefault(size));
            return keeps && size.Type == ScalarType.Float32 ? once + then : Math.Max(once, then);
        });
        return new(buffers, keeps ? $"a complete snapshot, which is kept (checkpoint.vault), and beside it {what}" : "one complete checkpoint in writing");

        Dictionary<BufferSize, int> Sizes(UnitId unit, CheckpointOrder what) => Count(new SnapshotPlan(spec, what), unit);

        Dictionary<BufferSize, int> Count(SnapshotPlan plan, UnitId unit) =>
            plan.Buffers(unit, order.LayoutOf(unit), order.ShardOf(unit)).GroupBy(s => s).ToDictionary(g => g.Key, g => g.Count());

        Dictionary<BufferSize, int> Walked(IReadOnlyList<CheckpointOrder> orders) =>
            Most(orders.Select(o => new SnapshotPlan(spec, o)).Select(plan => Sum(units.Select(u => Count(plan, u)))));

        // What is saved of every expert, and the rest of any K of the unit's.
        Dictionary<BufferSize, int> AnyChoice(UnitId unit)
        {
            IReadOnlyList<int>[] none = [.. spec.Model.MoeLayers().Select(_ => (IReadOnlyList<int>)[])];
            Dictionary<BufferSize, int> all = Sizes(unit, CheckpointOrder.All), unchosen = Sizes(unit, new CheckpointOrder(false, none, none));
            PecMask mask = PecMask.Parse(checkpoint.Mask);
            int more = (keeps ? Math.Max(checkpoint.KSnapshot, checkpoint.KPersist) : checkpoint.KPersist) * ((string[])[Slots.Master, Slots.First, Slots.Second]).Count(mask.Prunes);
            return all.ToDictionary(s => s.Key, s => unchosen.GetValueOrDefault(s.Key) + Math.Min(more, s.Value - unchosen.GetValueOrDefault(s.Key)));
        }
    }

    private static Dictionary<BufferSize, int> Sum(IEnumerable<Dictionary<BufferSize, int>> sizes) => Merge(sizes, counts => counts.Sum());

    private static Dictionary<BufferSize, int> Most(IEnumerable<Dictionary<BufferSize, int>> sizes) => Merge(sizes, counts => counts.Max());

    private static Dictionary<BufferSize, int> Merge(IEnumerable<Dictionary<BufferSize, int>> sizes, Func<IEnumerable<int>, int> merge) =>
        sizes.SelectMany(s => s).GroupBy(p => p.Key, p => p.Value).ToDictionary(g => g.Key, g => merge(g));
}
