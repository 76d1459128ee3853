using System.Collections.Immutable;

using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Cluster.Placements;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Checkpoints.Partial;
using MoeActors.Compute.Checkpoints.Sharding;
using MoeActors.Compute.Specs;

using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>
/// PURE: the adaptive configuration in a run. The run measures its own steps; with the second checkpoint of the epoch at hand (the first pays for memory that later ones reuse) it chooses, journals the
/// choice and writes it into its record, and never chooses again (DT-1).
/// </summary>
internal static class AdaptiveCheckpoints
{
    /// <summary>Fewest steps a choice is made by.</summary>
    public const int LeastSteps = 3;

    private const int LeastCheckpoints = 2;

    /// <summary>24 hours.</summary>
    private const double DefaultMtbfMs = 24 * 3600 * 1000.0;

    /// <summary>Whether the run has still to choose.</summary>
    public static bool IsDue(RunSpec spec) => spec.Checkpoint is { Adaptive: true, Chosen: null };

    /// <summary>After <paramref name="published"/> was: the choice, where it is due and enough is measured.</summary>
    public static CoordinatorState Choose(CoordinatorState state, PendingCheckpoint published, List<Effect> effects)
    {
        if (!IsDue(state.Spec!) || published.Epoch != state.Epoch)
        {
            return state;
        }

        CoordinatorState next = state with { Measured = state.Measured with { Checkpoints = state.Measured.Checkpoints + 1 } };
        if (next.Measured.Checkpoints < LeastCheckpoints || next.Measured.ForwardBackwardMs.Count < LeastSteps || next.Measured.IterationMs.Count < LeastSteps
            || ProfileOf(next, published) is not { } profile)
        {
            return next;
        }

        RunSpec spec = next.Spec!;
        bool partial = spec.Checkpoint.Mode == CheckpointMode.Partial;
        AdaptiveChoice choice = partial ? AdaptiveConfiguration.Choose(profile) : AdaptiveConfiguration.ChooseInterval(profile);
        int persist = partial ? choice.KPersist : spec.Checkpoint.KPersist;

        // Without snapshots that stay in memory, what is copied and not written serves no recovery.
        int snapshot = !partial ? spec.Checkpoint.KSnapshot : spec.Checkpoint.KeepsSnapshots ? choice.KSnapshot : persist;
        var entry = new JournalEntry.CheckpointsChosen(snapshot, persist, (int)Math.Min(choice.IntervalSteps, int.MaxValue), choice.Reason);
        next = Apply(next, entry);
        effects.Add(new Effect.Journal(entry));
        effects.Add(new Effect.RecordSpec(next.Spec!));
        effects.Add(new Effect.Note($"checkpoint.adaptive: {choice.Reason}"));
        return next;
    }

    /// <summary>The state in which it is chosen; K never falls below what Dynamic-K has made of it.</summary>
    public static CoordinatorState Apply(CoordinatorState state, JournalEntry.CheckpointsChosen e) => state with
    {
        Spec = state.Spec! with { Checkpoint = state.Spec.Checkpoint with { KSnapshot = e.KSnapshot, KPersist = e.KPersist, Interval = e.Interval, Chosen = e.Reason } },
        KPersist = Math.Max(e.KPersist, Grown(state) ? state.KPersist : 1),
        KSnapshot = Math.Max(Math.Max(e.KSnapshot, e.KPersist), Grown(state) ? state.KSnapshot : 1),
        Measured = RunMeasurements.None,
    };

    private static bool Grown(CoordinatorState state) => state.KPersist > state.Spec!.Checkpoint.KPersist;

    /// <summary>What the run has measured; null where a part tells no time. Bytes are those of the node with the most, bandwidths those of the slowest.</summary>
    private static AdaptiveProfile? ProfileOf(CoordinatorState state, PendingCheckpoint published)
    {
        RunSpec spec = state.Spec!;
        int experts = spec.Model.Moe.Experts, layers = spec.Model.MoeLayers().Count;
        PecMask mask = PecMask.Parse(spec.Checkpoint.Mask);
        bool partial = spec.Checkpoint.Mode == CheckpointMode.Partial;
        ShardingMode sharding = ShardingModes.Parse(spec.Checkpoint.Sharding, "checkpoint.sharding");
        IReadOnlyList<int>[] none = [.. Enumerable.Range(0, layers).Select(_ => Array.Empty<int>())];
        ShardPlan all = ShardPlanner.Plan(spec.Model, spec.Layout, spec.Training.Precision, sharding, null, null);
        ShardPlan least = ShardPlanner.Plan(spec.Model, spec.Layout, spec.Training.Precision, sharding, none, slot => !mask.Prunes(slot));
        var nodes = state.Participants.Select((node, i) =>
        {
            int[] ranks = [.. Enumerable.Range(0, spec.Layout.Ranks).Where(r => state.Placement!.NodeOfRank[r] == i)];
            double full = ranks.Sum(r => all.Ranks[r].TotalBytes), dense = ranks.Sum(r => least.Ranks[r].TotalBytes);
            return (Node: node.Incarnation, Full: full, Dense: dense, Expert: (full - dense) / (experts * layers));
        }).ToArray();
        double snapshot = double.PositiveInfinity, persist = double.PositiveInfinity;
        foreach (var node in nodes)
        {
            if (!published.Parts.TryGetValue(node.Node, out SnapshotPersisted? part) || part.SnapshotMs <= 0 || part.PersistMs <= 0 || part.Bytes <= 0)
            {
                return null;
            }

            double copied = published.Order.Complete ? node.Full : node.Dense + (published.Order.Snapshot.Sum(l => l.Count) * node.Expert);
            snapshot = Math.Min(snapshot, copied / part.SnapshotMs * 1000);
            persist = Math.Min(persist, part.Bytes / part.PersistMs * 1000);
        }

        var busiest = nodes.MaxBy(n => n.Full);
        return new AdaptiveProfile
        {
            ForwardBackwardMs = Median(state.Measured.ForwardBackwardMs),
            IterationMs = Median(state.Measured.IterationMs),
            SnapshotBytesPerSecond = snapshot,
            PersistBytesPerSecond = persist,
            DenseBytes = busiest.Dense,
            ExpertBytes = busiest.Expert,
            Experts = experts,
            MoeLayers = layers,
            TotalSteps = spec.Training.Steps,
            MtbfMs = spec.Checkpoint.MtbfMs ?? DefaultMtbfMs,
            PltBudget = partial && mask.LosesState ? spec.Checkpoint.PltBudget : null,
            FailedShare = spec.Checkpoint.KeepsSnapshots ? 1.0 / Math.Max(1, spec.Nodes) : 1,
        };
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
