using System.Collections.Immutable;

using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Checkpoints.Partial;
using MoeActors.Compute.Data;
using MoeActors.Compute.Models;

using Effect = MoeActors.Actors.Cluster.CoordinatorEffect;
using Input = MoeActors.Actors.Cluster.CoordinatorInput;

namespace MoeActors.Actors.Cluster;

/// <summary>
/// PURE: the run coordinator as step(state, input) → (state, effects). The same machine runs in the product and in tests with virtual time.
/// EP-1: an input of another epoch changes nothing. ST-1: a step is decided when every unit's reduced gradient norm is in.
/// RC-2: a failure in any phase, recovery's own included, aborts the epoch and begins another from the newest checkpoint.
/// </summary>
public static class CoordinatorMachine
{
    /// <summary>Actor failures in a row, without a step beyond the furthest so far between them, after which the run gives up.</summary>
    public const int FailureBudget = 5;

    /// <summary>Reacts to one input.</summary>
    public static (CoordinatorState State, IReadOnlyList<Effect> Effects) Step(CoordinatorState state, Input input)
    {
        var effects = new List<Effect>();
        CoordinatorState next = input switch
        {
            Input.Submitted e => OnSubmitted(state, e, effects),
            Input.NodeUp e => OnNodeUp(state, e, effects),
            Input.NodeLost e => OnNodeLost(state, e, effects),
            Input.Prepared e => OnPrepared(state, e.Message, effects),
            Input.Reported e => OnReported(state, e.Message, effects),
            Input.Applied e => OnApplied(state, e.Message, effects),
            Input.Evaluated e => OnEvaluated(state, e.Message, effects),
            Input.Persisted e => CheckpointCommit.OnPersisted(state, e.Message, effects),
            Input.Published e => CheckpointCommit.OnPublished(state, e, effects),
            Input.PublishFailed e => CheckpointCommit.OnFailed(state, e, effects),
            Input.ActorFailed e => OnActorFailed(state, e.Message, effects),
            Input.StopAsked e => OnStopAsked(state, e, effects),
            Input.GraceOver e => e.Epoch == state.Epoch && state.Phase == RunPhase.Gathering
                ? TryBeginEpoch(state with { GraceOver = true }, effects)
                : state,
            Input.Tick => UnansweredOrders.OnTick(state, effects),
            _ => throw new ArgumentOutOfRangeException(nameof(input)),
        };
        return (input is Input.Tick || ReferenceEquals(next, state) ? next : next with { QuietTicks = 0 }, effects);
    }

    /// <summary>The state a new coordinator takes over from the journal.</summary>
    public static CoordinatorState Replay(CoordinatorState state, JournalEntry entry) => entry switch
    {
        JournalEntry.RunAccepted e => new CoordinatorState
        {
            Phase = RunPhase.Gathering,
            Spec = RunSpec.FromJson(e.SpecJson),
            RunFolder = e.RunFolder,
            Command = e.Command,
            Epoch = Math.Max(state.Epoch, e.Epoch),
            Fence = Math.Max(state.Fence, e.Fence),
            EpochBefore = Math.Max(state.Epoch, e.Epoch),
            NewestCheckpoint = e.NewestCheckpoint,
            CheckpointLedger = SampleLedger.FromJson(e.LedgerJson, "journal"),
        }.WithRun(RunSpec.FromJson(e.SpecJson)),
        JournalEntry.EpochBegan e => state with { Epoch = e.Epoch, Placement = new Placement(e.Nodes, e.NodeOfRank, "taken over"), Step = e.RestoreStep },
        JournalEntry.CheckpointPublished e => state.WithCheckpoint(e.Step, SampleLedger.FromJson(e.LedgerJson, "journal")),
        JournalEntry.KChanged e => state with { KSnapshot = e.KSnapshot, KPersist = e.KPersist },
        JournalEntry.CheckpointsChosen e => AdaptiveCheckpoints.Apply(state, e),
        JournalEntry.StopAsked e => state with { StopReason = e.Reason },
        JournalEntry.RunEnded e => state with { Phase = RunPhase.Ended, Outcome = e.Outcome },
        _ => state,
    };

    /// <summary>Ends the run.</summary>
    internal static CoordinatorState End(CoordinatorState state, string outcome, List<Effect> effects)
    {
        effects.Add(new Effect.Journal(new JournalEntry.RunEnded(outcome)));
        TellAll(state, new EndRun(state.Epoch, outcome), effects);
        effects.Add(new Effect.Ended(outcome));
        return state with { Phase = RunPhase.Ended, Outcome = outcome, Pending = state.Pending.Clear(), Order = null };
    }

    private static CoordinatorState OnSubmitted(CoordinatorState state, Input.Submitted e, List<Effect> effects)
    {
        if (state.Phase is not (RunPhase.Idle or RunPhase.Ended))
        {
            TellAll(state, new AbortEpoch(state.Epoch, "submitted anew"), effects);
        }

        long fence = Math.Max(state.Fence, e.Fence);
        int epoch = Math.Max(state.Epoch, e.FolderEpoch);
        effects.Add(new Effect.Journal(new JournalEntry.RunAccepted(e.Spec.ToJson(), e.RunFolder, e.NewestCheckpoint, e.Ledger.ToJson(), e.Command) { Fence = fence, Epoch = epoch }));
        CoordinatorState next = new()
        {
            Phase = RunPhase.Gathering,
            Spec = e.Spec,
            RunFolder = e.RunFolder,
            Command = e.Command,
            Epoch = epoch,
            Fence = fence,
            Members = state.Members,
            EpochBefore = epoch,
            NewestCheckpoint = e.NewestCheckpoint,
            CheckpointLedger = e.Ledger,
        };
        next = next.WithRun(e.Spec);
        if (e.Points.Count > 0)
        {
            next = next with { Published = e.Points.ToImmutableSortedDictionary(f => f.Step, f => f) };
        }

        effects.Add(new Effect.Note(e.NewestCheckpoint > 0 ? $"run {e.Spec.RunId} goes on after step {e.NewestCheckpoint}" : $"run {e.Spec.RunId} accepted"));
        return TryBeginEpoch(next, effects);
    }

    private static CoordinatorState OnNodeUp(CoordinatorState state, Input.NodeUp e, List<Effect> effects)
    {
        if (state.Members.TryGetValue(e.Node.Incarnation, out NodeIdentity? known) && known == e.Node)
        {
            return state;
        }

        CoordinatorState next = state;
        foreach (NodeIdentity old in state.Members.Values.Where(n => n.Name == e.Node.Name && n.Incarnation != e.Node.Incarnation))
        {
            next = OnNodeLost(next, new Input.NodeLost(old.Incarnation, "replaced by a new process of the same name"), effects);
        }

        next = next with { Members = next.Members.SetItem(e.Node.Incarnation, e.Node) };
        effects.Add(new Effect.Note($"{e.Node.Name} is up (pid {e.Node.Pid})"));
        return next.Phase == RunPhase.Gathering ? TryBeginEpoch(next, effects) : next;
    }

    private static CoordinatorState OnNodeLost(CoordinatorState state, Input.NodeLost e, List<Effect> effects)
    {
        NodeIdentity? participant = state.Participants.FirstOrDefault(n => n.Incarnation == e.Incarnation);
        bool known = state.Members.TryGetValue(e.Incarnation, out NodeIdentity? node);
        if (!known && (participant is null || state.Lost.Contains(e.Incarnation)))
        {
            // Never known, or its loss was told before: one death is downed first and removed later.
            return state;
        }

        CoordinatorState next = state with { Members = state.Members.Remove(e.Incarnation), Lost = state.Lost.Add(e.Incarnation), Vaults = state.Vaults.Remove(e.Incarnation) };
        if (participant is null || state.Phase is RunPhase.Idle or RunPhase.Ended)
        {
            effects.Add(new Effect.Note($"{(node ?? participant)!.Name} is gone: {e.Reason}"));
            return next;
        }

        effects.Add(new Effect.FaultDetected(participant.Name, "node-lost", e.Reason, state.Step, e.Incarnation));
        return Abort(next, $"{participant.Name} is lost: {e.Reason}", effects);
    }

    private static CoordinatorState OnActorFailed(CoordinatorState state, NodeFault e, List<Effect> effects)
    {
        if (e.Epoch != state.Epoch || state.Phase is RunPhase.Idle or RunPhase.Gathering or RunPhase.Ended)
        {
            return state;
        }

        string name = state.Members.TryGetValue(e.Node, out NodeIdentity? node) ? node.Name : e.Node;
        effects.Add(new Effect.FaultDetected($"{name}/{e.Actor}", "actor-failed", e.Reason, state.Step));
        CoordinatorState next = state with { FailuresInARow = state.FailuresInARow + 1 };
        return next.FailuresInARow > FailureBudget
            ? End(next, $"failed: {name}/{e.Actor} failed {next.FailuresInARow} times without a step between: {e.Reason}", effects)
            : Abort(next, $"{name}/{e.Actor} failed: {e.Reason}", effects);
    }

    /// <summary>Stops the epoch's work everywhere and looks for the nodes of the next one (RC-2).</summary>
    private static CoordinatorState Abort(CoordinatorState state, string reason, List<Effect> effects)
    {
        effects.Add(new Effect.Note(reason));
        if (state.Phase != RunPhase.Gathering)
        {
            TellAll(state, new AbortEpoch(state.Epoch, reason), effects);
        }

        // Checkpoints whose parts are complete are already with the publisher; the others lost a part.
        CoordinatorState next = state with { Phase = RunPhase.Gathering, GraceOver = false, Pending = state.Pending.Clear(), Order = null, Recoveries = state.Recoveries + 1 };
        next = TryBeginEpoch(next, effects);
        if (next.Phase == RunPhase.Gathering)
        {
            effects.Add(new Effect.StartGrace(next.Epoch));
        }

        return next;
    }

    private static CoordinatorState TryBeginEpoch(CoordinatorState state, List<Effect> effects)
    {
        if (state.Spec is null || state.Members.Count == 0 || (state.Members.Count < state.WantedNodes && !state.GraceOver))
        {
            return state;
        }

        // Survivors first: their actors and memory stay where they are.
        NodeIdentity[] chosen = state.Members.Values
            .OrderByDescending(n => state.Participants.Any(p => p.Incarnation == n.Incarnation))
            .ThenBy(n => n.Name, StringComparer.Ordinal)
            .Take(state.WantedNodes)
            .ToArray();
        Placement placement = PlacementPlanner.Plan(state.Spec.Layout.Ranks, chosen, state.Placement);
        int epoch = state.Epoch + 1;
        RestorePlan? plan = RecoveryLadder.Choose(
            state.Spec, [.. placement.NodeOfRank.Select(i => placement.Nodes[i].Incarnation)], state.Published, state.Vaults, state.Damaged);
        if (plan is null)
        {
            return End(state, $"failed: no checkpoint of {state.RunFolder} can be restored any more: {state.Damaged[0].Reason}", effects);
        }

        long restore = plan.Step;
        effects.Add(new Effect.Journal(new JournalEntry.EpochBegan(epoch, placement.Nodes, placement.NodeOfRank, restore)));
        effects.Add(new Effect.EpochDecided(epoch, restore, placement));
        effects.Add(new Effect.Note($"epoch {epoch}: {placement.Nodes.Count} nodes, {placement.Reason}, from step {restore}"));
        if (restore < state.NewestCheckpoint || plan.Items.Count > 0)
        {
            effects.Add(new Effect.Note($"recovery from {plan.Reason}"));
        }

        var order = new PrepareEpoch(RunKey.Of(state.Spec), epoch, state.Spec.ToJson(), state.RunFolder, placement.Nodes, placement.NodeOfRank, restore, state.Fence, plan.Items);
        CoordinatorState next = state with
        {
            Phase = RunPhase.Preparing,
            Epoch = epoch,
            Placement = placement,
            Order = order,
            Lost = state.Lost.Clear(),
            Ready = state.Ready.Clear(),
            Reports = state.Reports.Clear(),
            Applied = state.Applied.Clear(),
            Evaluations = state.Evaluations.Clear(),
            Step = restore,
            Plan = plan,
        };
        next = next.BackTo(restore);
        next = next with { Ledger = next.CheckpointLedger, SkipsInARow = SkipsAtEnd(next.CheckpointLedger) };
        TellAll(next, order, effects);
        return next;
    }

    private static CoordinatorState OnPrepared(CoordinatorState state, EpochPrepared e, List<Effect> effects)
    {
        if (e.Epoch != state.Epoch || state.Phase != RunPhase.Preparing || !IsParticipant(state, e.Node))
        {
            return state;
        }

        if (e.Error is not null)
        {
            return End(state, $"failed: {state.Members[e.Node].Name}: {e.Error}", effects);
        }

        if (e.Damaged.Count > 0)
        {
            foreach (DamagedState damage in e.Damaged)
            {
                effects.Add(new Effect.Note($"{state.Members[e.Node].Name}: {damage.Reason}"));
            }

            return Abort(state with { Damaged = state.Damaged.AddRange(e.Damaged) }, $"{state.Members[e.Node].Name}: {e.Damaged.Count} damaged {(e.Damaged.Count == 1 ? "entry" : "entries")}: the next rung is tried", effects);
        }

        CoordinatorState next = state with { Ready = state.Ready.SetItem(e.Node, e) };
        if (next.Ready.Count < next.Participants.Count)
        {
            return next;
        }

        (next, string rung, double plt) = RecoveryCost.Settle(next, effects);
        effects.Add(new Effect.EpochReady(next.Epoch, next.Ready.Values.Max(r => r.FetchMs), next.Ready.Values.Max(r => r.RestoreMs), next.Ready) { Rung = rung, Plt = plt });
        return next.Step >= next.Spec!.Training.Steps ? AfterHold(next, effects) : StartSteps(next, effects);
    }

    internal static CoordinatorState StartSteps(CoordinatorState state, List<Effect> effects)
    {
        var order = new StartSteps(state.Epoch, state.Step);
        TellAll(state, order, effects);
        return state with { Phase = RunPhase.Running, Order = order, Reports = state.Reports.Clear() };
    }

    private static CoordinatorState OnReported(CoordinatorState state, StepReport e, List<Effect> effects)
    {
        if (e.Epoch != state.Epoch || e.Step != state.Step || state.Phase != RunPhase.Running || !IsParticipant(state, e.Node))
        {
            return state;
        }

        CoordinatorState next = state with { Reports = state.Reports.SetItem(e.Node, e) };
        return next.Reports.Count < next.Participants.Count ? next : Decide(next, effects);
    }

    private static CoordinatorState Decide(CoordinatorState state, List<Effect> effects)
    {
        RunSpec spec = state.Spec!;
        DecidedStep decided = StepDecisions.Evaluate(spec, state.Epoch, state.Step, state.Reports.Values);
        long completed = state.Step + 1;
        bool last = completed >= spec.Training.Steps || state.StopReason is not null;
        SampleLedger ledger = decided.Skipped ? state.Ledger.Skip(state.Step) : state.Ledger.Commit(state.Step);
        int skips = decided.Skipped ? state.SkipsInARow + 1 : 0;
        if (decided.Skipped)
        {
            effects.Add(new Effect.Note($"step {state.Step}: a loss or gradient is not finite; skipped ({skips} in a row)"));
            if (skips > spec.Training.NonFinite.StopAfter)
            {
                effects.Add(new Effect.RecordStep(decided));
                return End(state, $"failed: non-finite loss or gradient in {skips} steps in a row; training.non-finite.stop-after = {spec.Training.NonFinite.StopAfter}", effects);
            }
        }

        bool due = spec.Checkpoint.Interval > 0 && completed % spec.Checkpoint.Interval == 0;
        bool checkpoint = last || (due && state.Pending.IsEmpty);
        if (due && !checkpoint)
        {
            effects.Add(new Effect.Note($"checkpoint at step {completed} left out: the one before is still being written"));
        }

        bool evaluate = spec.Evaluation.Interval > 0 && completed % spec.Evaluation.Interval == 0;
        PltLedger? plt = decided.Skipped ? state.Plt : state.Plt?.Add(StepDecisions.Routed(spec, state.Reports.Values));
        CheckpointOrder? saves = checkpoint ? CheckpointOrders.Next(state with { Plt = plt }, last) : null;
        plt = checkpoint ? plt?.Mark(completed) : plt;
        decided = decided with { Plt = LostTokens.Share(spec, plt) };
        AfterStep after = last || evaluate || (checkpoint && !spec.Checkpoint.Asynchronous) ? AfterStep.Hold : AfterStep.Continue;
        var order = new StepDecision(
            state.Epoch, state.Step, decided.Skipped, StepDecisions.GradientScale(spec, decided), decided.LearningRate, saves, after, state.NewestCheckpoint);
        TellAll(state, order, effects);
        effects.Add(new Effect.RecordStep(decided));
        return AdaptiveCheckpoints.Measure(state, decided) with
        {
            Step = completed,
            Order = order,
            Ledger = ledger,
            Reports = state.Reports.Clear(),
            Applied = state.Applied.Clear(),
            SkipsInARow = skips,

            // Steps that are only computed again are no progress: an actor that fails at the same step for ever must end the run.
            FailuresInARow = completed > state.Furthest ? 0 : state.FailuresInARow,
            Furthest = Math.Max(completed, state.Furthest),
            Phase = after == AfterStep.Hold ? RunPhase.Applying : RunPhase.Running,
            Plt = plt,
            Pending = saves is null ? state.Pending : state.Pending.SetItem(completed, CheckpointCommit.Begin(state, completed, ledger, plt, saves)),
        };
    }

    private static CoordinatorState OnApplied(CoordinatorState state, StepApplied e, List<Effect> effects)
    {
        if (e.Epoch != state.Epoch || e.Step + 1 != state.Step || state.Phase != RunPhase.Applying || !IsParticipant(state, e.Node))
        {
            return state;
        }

        CoordinatorState next = state with { Applied = state.Applied.Add(e.Node) };
        return next.Applied.Count < next.Participants.Count ? next : AfterHold(next, effects);
    }

    internal static CoordinatorState AfterHold(CoordinatorState state, List<Effect> effects)
    {
        if (state.StopReason is not null && state.Step < state.Spec!.Training.Steps && IsSaved(state))
        {
            return CheckpointCommit.TryFinish(state with { Phase = RunPhase.Finishing }, effects);
        }

        if (!state.Spec!.Checkpoint.Asynchronous && state.Step < state.Spec.Training.Steps && state.Pending.ContainsKey(state.Step))
        {
            return state with { Phase = RunPhase.Saving, Order = null };
        }

        bool final = state.Step >= state.Spec!.Training.Steps;
        bool evaluates = final || state.StopReason is not null || (state.Spec.Evaluation.Interval > 0 && state.Step % state.Spec.Evaluation.Interval == 0);
        if (!evaluates)
        {
            // Held for a checkpoint alone.
            return StartSteps(state, effects);
        }

        var order = new EvaluateState(state.Epoch, state.Step, final ? state.Spec.Evaluation.FinalMaxSequences : state.Spec.Evaluation.MaxSequences);
        TellAll(state, order, effects);
        return state with { Phase = RunPhase.Evaluating, Order = order, Evaluations = state.Evaluations.Clear() };
    }

    private static CoordinatorState OnEvaluated(CoordinatorState state, EvaluationReport e, List<Effect> effects)
    {
        if (e.Epoch != state.Epoch || e.Step != state.Step || state.Phase != RunPhase.Evaluating || !IsParticipant(state, e.Node))
        {
            return state;
        }

        CoordinatorState next = state with { Evaluations = state.Evaluations.SetItem(e.Node, e) };
        if (next.Evaluations.Count < next.Participants.Count)
        {
            return next;
        }

        RankReport[] ranks = next.Evaluations.Values.SelectMany(r => r.Ranks).OrderBy(r => r.Rank).ToArray();
        long tokens = ranks.Sum(r => r.Tokens);
        if (tokens > 0)
        {
            effects.Add(new Effect.RecordValidation(next.Step, ranks.Sum(r => r.CrossEntropySum) / tokens));
        }

        return next.Step >= next.Spec!.Training.Steps || (next.StopReason is not null && IsSaved(next))
            ? CheckpointCommit.TryFinish(next with { Phase = RunPhase.Finishing }, effects)
            : StartSteps(next, effects);
    }

    private static CoordinatorState OnStopAsked(CoordinatorState state, Input.StopAsked e, List<Effect> effects)
    {
        if (state.Phase is RunPhase.Idle or RunPhase.Ended || state.StopReason is not null)
        {
            return state;
        }

        effects.Add(new Effect.Journal(new JournalEntry.StopAsked(e.Reason)));
        effects.Add(new Effect.Note($"stopping: {e.Reason}"));
        CoordinatorState next = state with { StopReason = e.Reason };
        return state.Phase is RunPhase.Gathering or RunPhase.Preparing ? End(next, "stopped", effects) : next;
    }

    /// <summary>Whether the state at the current step is durable or on its way: a stop may end here, else one more step is computed and saved.</summary>
    private static bool IsSaved(CoordinatorState state) => state.NewestCheckpoint == state.Step || state.Pending.ContainsKey(state.Step);

    // Skips before the checkpoint count on in the steps after it, those after it are counted when they are computed again (RC-1).
    private static int SkipsAtEnd(SampleLedger ledger)
    {
        int skips = 0;
        while (skips < ledger.SkippedSteps.Count && ledger.SkippedSteps[^(skips + 1)] == ledger.Steps - 1 - skips)
        {
            skips++;
        }

        return skips;
    }

    private static bool IsParticipant(CoordinatorState state, string incarnation) =>
        state.Participants.Any(n => n.Incarnation == incarnation);

    private static void TellAll(CoordinatorState state, IControlMessage message, List<Effect> effects)
    {
        foreach (NodeIdentity node in state.Participants.Where(n => state.Members.ContainsKey(n.Incarnation)))
        {
            effects.Add(new Effect.Tell(node, message));
        }
    }
}
