using System.Collections.Immutable;

using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Checkpoints.Partial;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Checkpointing;

/// <summary>Where everything is restored from.</summary>
/// <param name="Step">The recovery point c*, one for all: the dense part is of it, no expert is newer (RC-1). 0 = the seed.</param>
/// <param name="Items">Experts that are not taken from its manifest as it is.</param>
/// <param name="Versions">By ordinal of the MoE layer and expert: what is restored.</param>
/// <param name="Reason">In words.</param>
internal sealed record RestorePlan(long Step, IReadOnlyList<RestoreItem> Items, ImmutableArray<ImmutableArray<ExpertVersion>> Versions, string Reason)
{
    /// <summary>What it is from, in the report's words, where everything is held in memory; empty where a checkpoint or the seed is restored.</summary>
    public string Rung { get; init; } = "";
}

/// <summary>
/// PURE: the recovery ladder. The newest recovery point whose dense part is sound; for each expert, the newest version not newer than that: the node's own snapshot in memory,
/// else the version the manifest names, else, where that is damaged, an older one that another manifest still names. With full checkpoints nothing is ever mixed: a damaged
/// one is passed over as a whole. In exact mode only complete ones count (RC-1). A rung that turned out not to hold is never tried again: recovery begins anew without it (RC-2).
/// </summary>
internal static class RecoveryLadder
{
    /// <summary>Chooses; null when nothing that was ever published can be restored.</summary>
    /// <param name="spec">The run.</param>
    /// <param name="nodeOf">Incarnation of the node of each logical rank in the epoch that begins.</param>
    /// <param name="published">Published checkpoints by step.</param>
    /// <param name="vaults">By node incarnation, (ordinal of the MoE layer, expert): version of its snapshot in memory.</param>
    /// <param name="damaged">What did not hold.</param>
    public static RestorePlan? Choose(
        RunSpec spec,
        IReadOnlyList<string> nodeOf,
        ImmutableSortedDictionary<long, CheckpointFacts> published,
        ImmutableDictionary<string, ImmutableDictionary<(int Layer, int Expert), ExpertVersion>> vaults,
        IReadOnlyCollection<DamagedState> damaged)
    {
        bool exact = spec.IsExact || spec.Checkpoint.Mode == CheckpointMode.Full;
        DamagedState? why = null;
        foreach (CheckpointFacts facts in published.Values.Reverse())
        {
            if (spec.IsExact && !facts.IsComplete)
            {
                // RC-1: stale experts are never mixed in.
                continue;
            }

            if (damaged.FirstOrDefault(d => d.Step == facts.Step && d.Rung == RestoreRung.Storage && (exact || d.Expert < 0)) is { } broken)
            {
                why ??= broken;
                continue;
            }

            if (spec.IsExact)
            {
                string damage = why is null ? "" : $"; newer ones are damaged: {why.Reason}";
                return new RestorePlan(facts.Step, [], facts.Versions, $"checkpoint {facts.Step}, the newest complete one{damage}");
            }

            if (Experts(spec, nodeOf, facts, published, vaults, damaged) is { } plan)
            {
                return why is null ? plan : plan with { Reason = $"{plan.Reason}; newer ones are damaged: {why.Reason}" };
            }
        }

        // Weights of another run come from the checkpoint of step 0 alone.
        return published.IsEmpty && spec.Origin is null ? new RestorePlan(0, [], [], "nothing is saved yet: from the seed") : null;
    }

    /// <summary>CK-2: checkpoints that a recovery now would restore; retention leaves them alone. In exact mode the newest complete one is among them, however old.</summary>
    public static IReadOnlySet<long> Needed(RunSpec spec, long newest, ImmutableSortedDictionary<long, CheckpointFacts> published)
    {
        var needed = new HashSet<long> { newest };
        if (spec.IsExact && published.Values.LastOrDefault(f => f.IsComplete) is { } complete)
        {
            needed.Add(complete.Step);
        }

        return needed;
    }

    private static RestorePlan? Experts(
        RunSpec spec,
        IReadOnlyList<string> nodeOf,
        CheckpointFacts facts,
        ImmutableSortedDictionary<long, CheckpointFacts> published,
        ImmutableDictionary<string, ImmutableDictionary<(int Layer, int Expert), ExpertVersion>> vaults,
        IReadOnlyCollection<DamagedState> damaged)
    {
        var items = new List<RestoreItem>();
        ExpertVersion[][] versions = [.. facts.Versions.Select(l => l.ToArray())];
        int vault = 0, older = 0;
        for (int m = 0; m < versions.Length; m++)
        {
            for (int e = 0; e < versions[m].Length; e++)
            {
                bool Damaged(RestoreRung rung, long point) => damaged.Any(d => d.Rung == rung && d.Layer == m && d.Expert == e && d.Step == point);

                ExpertVersion stored = facts.Versions[m][e];
                string owner = nodeOf[spec.Layout.PositionOfExpert(e, spec.Model.Moe.Experts)];
                if (spec.Layout.Groups == 1 && !Damaged(RestoreRung.Vault, facts.Step)
                    && vaults.TryGetValue(owner, out ImmutableDictionary<(int Layer, int Expert), ExpertVersion>? kept) && kept.TryGetValue((m, e), out ExpertVersion own)
                    && own.Parameters <= facts.Step && own.Moments <= facts.Step
                    && own.Parameters >= stored.Parameters && own.Moments >= stored.Moments && own != stored)
                {
                    versions[m][e] = own;
                    items.Add(new RestoreItem(m, e, RestoreRung.Vault, 0, own.Parameters, own.Moments));
                    vault++;
                }
                else if (Damaged(RestoreRung.Storage, facts.Step))
                {
                    // The same bytes may be named by several manifests: only another version is another chance.
                    CheckpointFacts? before = published.Values.Reverse().FirstOrDefault(f =>
                        f.Step < facts.Step && f.Versions[m][e] != stored && !damaged.Any(d => d.Rung == RestoreRung.Storage && d.Layer == m && d.Expert == e && d.Step == f.Step));
                    if (before is null)
                    {
                        return null;
                    }

                    versions[m][e] = before.Versions[m][e];
                    items.Add(new RestoreItem(m, e, RestoreRung.OlderStorage, before.Step, versions[m][e].Parameters, versions[m][e].Moments));
                    older++;
                }
            }
        }

        string extra = (vault, older) switch
        {
            (0, 0) => "",
            (_, 0) => $", {vault} experts newer from snapshots in memory",
            (0, _) => $", {older} experts from older versions, their newest are damaged",
            _ => $", {vault} experts newer from snapshots in memory, {older} from older versions, their newest are damaged",
        };
        return new RestorePlan(facts.Step, items, [.. versions.Select(l => l.ToImmutableArray())], $"checkpoint {facts.Step}{extra}");
    }
}
