using MoeActors.Actors.Protocol;
using MoeActors.Compute.Checkpoints.Partial;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Checkpointing;

/// <summary>
/// PURE: what the partial checkpoints of a run will take, foreseen without its coordinator. Sequential selection depends on nothing but the checkpoints before: its walk is made here in advance, from a
/// complete checkpoint on.
/// </summary>
internal static class SnapshotOrders
{
    /// <summary>Different orders of a run with sequential selection, in the order they come first.</summary>
    public static IReadOnlyList<CheckpointOrder> Walk(RunSpec spec)
    {
        int experts = spec.Model.Moe.Experts;
        int layers = spec.Model.MoeLayers().Count;
        IReadOnlyList<int> order = ExpertOrder.Of(spec.Layout, experts);
        long[][] stored = [.. Enumerable.Range(0, layers).Select(_ => new long[experts])];
        long[][] held = [.. Enumerable.Range(0, layers).Select(_ => new long[experts])];
        var seen = new HashSet<string>();
        var orders = new List<CheckpointOrder>();

        // Each of the two walks comes round within N checkpoints; both have met in every way by twice that.
        for (int c = 1; c <= 2 * experts; c++)
        {
            ExpertSelection chosen = PecSelection.TwoLevel(
                [.. stored.Select(versions => new PecLayer(order, versions))],
                [.. held.Select(versions => new PecLayer(order, versions))],
                Math.Max(spec.Checkpoint.KSnapshot, spec.Checkpoint.KPersist),
                spec.Checkpoint.KPersist);
            for (int m = 0; m < layers; m++)
            {
                Mark(stored[m], chosen.Persist[m], c);
                Mark(held[m], spec.Checkpoint.KeepsSnapshots ? chosen.Snapshot[m] : chosen.Persist[m], c);
            }

            if (seen.Add(string.Join(';', chosen.Snapshot.Concat(chosen.Persist).Select(l => string.Join(',', l)))))
            {
                orders.Add(new CheckpointOrder(false, chosen.Snapshot, chosen.Persist));
            }
        }

        return orders;
    }

    private static void Mark(long[] versions, IReadOnlyList<int> experts, long version)
    {
        foreach (int expert in experts)
        {
            versions[expert] = version;
        }
    }
}
