using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Cluster.Placements;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;

using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>
/// PURE: how an epoch ends and the next one begins (RC-2). In exact mode the nodes are first asked what they hold; the run then goes on from the last decided step where every unit of it is held by somebody (ST-1),
/// else from the newest complete checkpoint.
/// </summary>
internal static class EpochStart
{
    /// <summary>Stops the epoch's work everywhere and looks for the nodes of the next one.</summary>
    public static CoordinatorState Abort(CoordinatorState state, string reason, List<Effect> effects)
    {
        effects.Add(new Effect.Note(reason));
        if (state.Phase is not (RunPhase.Gathering or RunPhase.Surveying))
        {
            CoordinatorMachine.TellAll(state, new AbortEpoch(state.Epoch, reason), effects);
        }

        // Checkpoints whose parts are complete are already with the publisher; the others lost a part.
        CoordinatorState next = state with
        {
            Phase = RunPhase.Gathering,
            GraceOver = false,
            Pending = state.Pending.Clear(),
            Order = null,
            Survey = null,
            Planned = false,
            Recoveries = state.Recoveries + 1,
        };
        next = TryBegin(next, effects);
        if (next.Phase == RunPhase.Gathering)
        {
            effects.Add(new Effect.StartGrace(next.Epoch));
        }

        return next;
    }

    /// <summary>At a step boundary, with nothing in flight: another epoch because it is wanted. No fault, no step lost; a failure meanwhile is an ordinary one (RC-2).</summary>
    /// <param name="state">The state before.</param>
    /// <param name="reason">Why; for people.</param>
    /// <param name="effects">Effects so far.</param>
    /// <param name="placement">Where the ranks go; null: as after a failure.</param>
    public static CoordinatorState Change(CoordinatorState state, string reason, List<Effect> effects, Placement? placement = null)
    {
        effects.Add(new Effect.Note(reason));
        CoordinatorState next = state with { Phase = RunPhase.Gathering, GraceOver = true, Order = null, Planned = true };
        if (placement is null)
        {
            return TryBegin(next, effects);
        }

        foreach (NodeIdentity left in state.Participants.Where(n => placement.Nodes.All(p => p.Incarnation != n.Incarnation)))
        {
            effects.Add(new Effect.Tell(left, new AbortEpoch(state.Epoch, reason)));
        }

        return RecoverySurvey.Begin(next, placement, effects);
    }

    /// <summary>Begins the next epoch, or its survey, when there are enough nodes.</summary>
    public static CoordinatorState TryBegin(CoordinatorState state, List<Effect> effects)
    {
        if (state.Spec is null || state.BackingOff)
        {
            return state;
        }

        if (state.Failure is not null)
        {
            return UnfitNodes.Save(state, effects);
        }

        NodeIdentity[] fit = [.. state.Members.Values.Where(n => Joiners.MayTakePart(state, n))];
        if (fit.Length == 0)
        {
            return UnfitNodes.OnNoneFit(state, effects);
        }

        // Whoever is there and unfit has come: it is not waited for.
        if (fit.Length + state.Members.Values.Count(n => UnfitNodes.IsUnfit(state, n)) < state.WantedNodes && !state.GraceOver)
        {
            return state;
        }

        if (state.TakenOver && state.Spec.IsExact && !state.GraceOver && state.Participants.Any(p => MayLive(state, p)))
        {
            // A spare's hello may come before that of a survivor, who holds what the spare does not.
            return state;
        }

        IReadOnlyList<NodeIdentity> chosen = NodeChoice.Take(fit, [.. state.Participants.Select(p => p.Incarnation)], state.WantedNodes, state.Spec.Copies);
        Placement placement = PlacementPlanner.Plan(state.Spec.Layout.Ranks, chosen, state.Placement);

        // Before the run's first epoch nobody holds anything of it.
        return state.Spec.IsExact && state.Epoch > state.EpochBefore ? RecoverySurvey.Begin(state, placement, effects) : Begin(state, placement, null, effects);
    }

    /// <summary>Whether a participant of the epoch that a coordinator has taken over is still to say hello: its loss is not known, and no other process has its name.</summary>
    private static bool MayLive(CoordinatorState state, NodeIdentity participant) =>
        !state.Members.ContainsKey(participant.Incarnation) && !state.Lost.Contains(participant.Incarnation) && state.Members.Values.All(m => m.Name != participant.Name);

    /// <summary>Begins the epoch.</summary>
    /// <param name="state">The state before.</param>
    /// <param name="placement">Who takes part.</param>
    /// <param name="held">What they hold, in node-index order; null where nobody was asked.</param>
    /// <param name="effects">Effects so far.</param>
    public static CoordinatorState Begin(CoordinatorState state, Placement placement, IReadOnlyList<Holdings>? held, List<Effect> effects)
    {
        RunSpec spec = state.Spec!;
        int epoch = state.Epoch + 1;
        string why = "";
        MemoryPoint? point = held is null ? null : MemoryPoint.Choose(spec, placement.NodeOfRank, held, MemoryPoint.Candidates(state, held), out why);
        if (state.Failure is not null && point is null)
        {
            // What was to be saved is lost: the newest checkpoint stays the newest.
            return UnfitNodes.End(state, effects);
        }

        RestorePlan? plan = point?.Plan ?? RecoveryLadder.Choose(
            spec, [.. placement.NodeOfRank.Select(i => placement.Nodes[i].Incarnation)], state.Published, state.Vaults, state.Damaged);
        if (plan is null)
        {
            string damage = state.Published.IsEmpty ? "the one of step 0, with the weights it begins from, is missing"
                : state.Damaged.IsEmpty ? "none of them is complete, and recovery.mode = exact mixes nothing" : state.Damaged[0].Reason;
            return CoordinatorMachine.Fail(state, FailureCause.Checkpoint, $"no checkpoint of {state.RunFolder} can be restored any more: {damage}", effects);
        }

        plan = point is null && why.Length > 0 ? plan with { Reason = $"{plan.Reason}: {why}" } : plan;
        long restore = plan.Step;
        bool newer = restore < state.NewestCheckpoint || plan.Items.Count > 0 || held is not null;
        CoordinatorState next = state with
        {
            Phase = RunPhase.Preparing,
            Epoch = epoch,
            Placement = placement,
            Survey = null,
            Planned = false,
            Paces = state.Paces.Clear(),
            Slow = null,
            Joiners = state.Joiners.RemoveRange(placement.Nodes.Select(n => n.Incarnation)),
            TakenOver = false,
            Lost = state.Lost.Clear(),
            Ready = state.Ready.Clear(),
            Reports = state.Reports.Clear(),
            Applied = state.Applied.Clear(),
            Evaluations = state.Evaluations.Clear(),
            Step = restore,
            Furthest = Math.Max(restore, state.Furthest),
            Fresh = state.Fresh.Clear(),
            Plan = plan,
        };
        next = point is null ? Back(next, restore) : Forward(next, state.TakenOver, point);
        effects.Add(new Effect.Journal(new JournalEntry.EpochBegan(epoch, placement.Nodes, placement.NodeOfRank, restore)));
        effects.Add(new Effect.EpochDecided(epoch, restore, placement));
        effects.Add(new Effect.Note($"epoch {epoch}: {placement.Nodes.Count} nodes, {placement.Reason}, from step {restore}"));
        if (newer)
        {
            effects.Add(new Effect.Note($"{(state.Planned ? "state" : "recovery")} from {plan.Reason}"));
        }

        CheckpointOrder? save = point is null ? null : LostCheckpoint(next);
        var order = new PrepareEpoch(
            RunKey.Of(spec), epoch, spec.ToJson(), state.RunFolder, placement.Nodes, placement.NodeOfRank, restore, state.Fence, plan.Items,
            point?.Sources ?? [], next.LastUpdate, save, [.. state.Fresh]);
        if (save is not null)
        {
            var plt = next.Plt?.Mark(restore);
            next = next with { Plt = plt, Pending = next.Pending.SetItem(restore, CheckpointCommit.Begin(next, restore, next.Ledger, plt, save)) };
        }

        CoordinatorMachine.TellAll(next, order, effects);
        return next with { Order = order };
    }

    /// <summary>A node's answer: ready, or not and why.</summary>
    public static CoordinatorState OnPrepared(CoordinatorState state, EpochPrepared e, List<Effect> effects)
    {
        if (e.Epoch != state.Epoch || state.Phase != RunPhase.Preparing || !CoordinatorMachine.IsParticipant(state, e.Node))
        {
            return state;
        }

        NodeIdentity node = state.Participants.First(n => n.Incarnation == e.Node);
        if (e.Error is not null)
        {
            return UnfitNodes.Refuse(state, node, new RunFailure(e.Cause, e.Error), effects);
        }

        string name = node.Name;
        if (e.Damaged.Count > 0)
        {
            foreach (DamagedState damage in e.Damaged)
            {
                effects.Add(new Effect.Note($"{name}: {damage.Reason}"));
            }

            // What a node holds live it says anew when it is asked again; what lies in a store or vault stays damaged.
            CoordinatorState without = state with { Damaged = state.Damaged.AddRange(e.Damaged.Where(d => d.Rung != RestoreRung.Live)) };
            return Abort(without, $"{name}: {e.Damaged.Count} damaged {(e.Damaged.Count == 1 ? "entry" : "entries")}: the next rung is tried", effects);
        }

        CoordinatorState next = state with { Ready = state.Ready.SetItem(e.Node, e), Opened = state.Opened.Add(e.Node) };
        if (next.Ready.Count < next.Participants.Count)
        {
            return next;
        }

        (next, string rung, double plt) = RecoveryCost.Settle(next, effects);
        effects.Add(new Effect.EpochReady(next.Epoch, next.Ready.Values.Max(r => r.FetchMs), next.Ready.Values.Max(r => r.RestoreMs), next.Ready) { Rung = rung, Reason = next.Plan!.Reason, Plt = plt });

        // What was due at this step and was cut off (an evaluation, a checkpoint that training waits for, the end) comes first.
        return next.Step >= next.Spec!.Training.Steps || next.Plan.Rung.Length > 0 ? CoordinatorMachine.AfterHold(next, effects) : CoordinatorMachine.StartSteps(next, effects);
    }

    /// <summary>Everything goes back to a checkpoint, or to the seed.</summary>
    private static CoordinatorState Back(CoordinatorState state, long step)
    {
        CoordinatorState next = state.BackTo(step);
        return next with
        {
            Ledger = next.CheckpointLedger,
            Validated = -1,
            SkipsInARow = SkipsAtEnd(next.CheckpointLedger),
            LastUpdate = state.LastUpdate?.Step + 1 == step ? state.LastUpdate : null,
        };
    }

    /// <summary>The run goes on from the step that the nodes hold: nothing is undone.</summary>
    private static CoordinatorState Forward(CoordinatorState state, bool takenOver, MemoryPoint point)
    {
        SampleLedger ledger = state.Ledger.Steps == point.Plan.Step && !takenOver ? state.Ledger : state.CheckpointLedger;
        while (ledger.Steps < point.Plan.Step)
        {
            ledger = state.Skipped.Contains(ledger.Steps) ? ledger.Skip(ledger.Steps) : ledger.Commit(ledger.Steps);
        }

        // Tokens routed since the newest checkpoint died with the coordinator that counted them; an exact recovery loses none of them.
        var plt = takenOver && state.Published.TryGetValue(state.NewestCheckpoint, out CheckpointFacts? facts) && facts.Plt is { } saved ? saved : state.Plt;
        return state with { Ledger = ledger, SkipsInARow = SkipsAtEnd(ledger), LastUpdate = point.Redo, Plt = plt };
    }

    /// <summary>What a checkpoint of this very step was to save, where it was due and is lost with the epoch that made it; null = none was.</summary>
    private static CheckpointOrder? LostCheckpoint(CoordinatorState state)
    {
        bool last = state.Step >= state.Spec!.Training.Steps || state.StopReason is not null || state.Failure is not null;
        bool due = last || (state.Spec.Checkpoint.Interval > 0 && state.Step % state.Spec.Checkpoint.Interval == 0);
        return due && state.Step > state.NewestCheckpoint ? CheckpointOrders.Next(state, last) : null;
    }

    // Skips before the recovery point count on in the steps after it, those after it are counted when they are computed again (RC-1).
    private static int SkipsAtEnd(SampleLedger ledger)
    {
        int skips = 0;
        while (skips < ledger.SkippedSteps.Count && ledger.SkippedSteps[^(skips + 1)] == ledger.Steps - 1 - skips)
        {
            skips++;
        }

        return skips;
    }
}
