using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Cluster.Placements;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Checkpoints.Partial;
using MoeActors.Compute.Specs;

using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>PURE: what a recovery cost in tokens (PLT), once all nodes say what they restored; and what follows from it for K (Dynamic-K).</summary>
internal static class RecoveryCost
{
    /// <summary>The state after the recovery, the rung for the report, and the PLT it cost.</summary>
    public static (CoordinatorState State, string Rung, double Plt) Settle(CoordinatorState state, List<Effect> effects)
    {
        RestorePlan plan = state.Plan!;
        if (plan.Rung.Length > 0)
        {
            return (state, plan.Rung, 0);
        }

        bool live = state.Ready.Values.Any(r => r.Live);
        string rung = (plan.Step, live) switch
        {
            (_, true) => state.Ready.Values.All(r => r.Live) ? "live state" : "live state, persisted checkpoint",
            (0, _) when state.Spec!.Origin is null => "seed",
            _ => string.Join(", ", Rungs(plan)),
        };
        if (state.Plt is null)
        {
            return (state, rung, 0);
        }

        RunSpec spec = state.Spec!;
        PltLedger before = state.Published.TryGetValue(plan.Step, out CheckpointFacts? facts) && facts.Plt is { } saved ? saved : PltLedger.Empty(spec.Model.MoeLayers().Count, spec.Model.Moe.Experts);
        PltLedger after = plan.Step == 0 ? before : before.Recover(plan.Step, Versions(state, plan));
        double total = LostTokens.Share(spec, after)!.Value, cost = Math.Max(0, total - LostTokens.Share(spec, before)!.Value);
        CoordinatorState next = state with { Plt = after };
        if (state.Recoveries == 0 && cost == 0)
        {
            return (next, rung, cost);
        }

        effects.Add(new Effect.Note($"recovery point {plan.Reason}: {cost:P3} of all tokens lost to stale experts, {total:P3} so far"));
        if (total > spec.Checkpoint.PltBudget && spec.Checkpoint.PltBudget > 0)
        {
            effects.Add(new Effect.Note($"PLT {total:P3} exceeds checkpoint.plt-budget = {spec.Checkpoint.PltBudget:P3}: raise checkpoint.k-persist, or checkpoint more often"));
        }

        return (spec.Checkpoint.DynamicK ? Grow(next, total, effects) : next, rung, cost);
    }

    private static CoordinatorState Grow(CoordinatorState state, double plt, List<Effect> effects)
    {
        RunSpec spec = state.Spec!;
        double perStep = state.Recoveries / (double)Math.Max(1, state.Furthest);
        DynamicKDecision decision = DynamicK.After(new DynamicKInputs
        {
            Plt = plt,
            Budget = spec.Checkpoint.PltBudget,
            RemainingFaults = perStep * (spec.Training.Steps - state.Step),
            IntervalSteps = Math.Max(1, spec.Checkpoint.Interval),
            TotalSteps = spec.Training.Steps,
            Experts = spec.Model.Moe.Experts,
            KSnapshot = state.KSnapshot,
            KPersist = state.KPersist,
            FailedShare = 1.0 / Math.Max(1, state.Participants.Count),
        });
        if (decision.KPersist == state.KPersist && decision.KSnapshot == state.KSnapshot)
        {
            return state;
        }

        effects.Add(new Effect.Journal(new JournalEntry.KChanged(decision.KSnapshot, decision.KPersist)));
        effects.Add(new Effect.Note($"Dynamic-K: {decision.Reason}"));
        return state with { KSnapshot = decision.KSnapshot, KPersist = decision.KPersist };
    }

    private static IEnumerable<string> Rungs(RestorePlan plan)
    {
        yield return "persisted checkpoint";
        if (plan.Items.Any(i => i.Rung == RestoreRung.Vault))
        {
            yield return "snapshots in memory";
        }

        if (plan.Items.Any(i => i.Rung == RestoreRung.OlderStorage))
        {
            yield return "older versions";
        }
    }

    // A live expert is of the recovery point itself.
    private static ExpertVersion[][] Versions(CoordinatorState state, RestorePlan plan)
    {
        RunSpec spec = state.Spec!;
        bool IsLive(int expert) => spec.Layout.Groups == 1
            && state.Ready.TryGetValue(state.Placement!.Nodes[state.Placement.NodeOfRank[spec.Layout.PositionOfExpert(expert, spec.Model.Moe.Experts)]].Incarnation, out EpochPrepared? answer)
            && answer.Live;

        return [.. plan.Versions.Select(layer => layer.Select((version, expert) => IsLive(expert) ? new ExpertVersion(plan.Step, plan.Step) : version).ToArray())];
    }
}
