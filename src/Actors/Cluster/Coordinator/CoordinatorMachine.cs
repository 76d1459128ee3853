using System.Collections.Immutable;

using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Cluster.Placements;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Checkpoints.Partial;
using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;

using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;
using Input = MoeActors.Actors.Cluster.Coordinator.CoordinatorInput;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>
/// PURE: the run coordinator as step(state, input) → (state, effects). The same machine runs in the product and in tests with virtual time.
/// EP-1: an input of another epoch changes nothing. ST-1: a step is decided when every unit's reduced gradient norm is in.
/// RC-2: a failure in any phase, recovery's own included, aborts the epoch and begins another (<see cref="EpochStart"/>).
/// </summary>
internal static class CoordinatorMachine
{
    /// <summary>Reacts to one input.</summary>
    public static (CoordinatorState State, IReadOnlyList<Effect> Effects) Step(CoordinatorState state, Input input)
    {
        var effects = new List<Effect>();
        CoordinatorState next = input switch
        {
            Input.Submitted e => OnSubmitted(state, e, effects),
            Input.NodeUp e => OnNodeUp(state, e, effects),
            Input.NodeLost e => OnNodeLost(state, e, effects),
            Input.Settled e => Joiners.OnSettled(state, e.Incarnation, effects),
            Input.JoinerReady e => Joiners.OnReady(state, e.Message, effects),
            Input.Held e => RecoverySurvey.OnHeld(state, e.Message, effects),
            Input.Prepared e => EpochStart.OnPrepared(state, e.Message, effects),
            Input.Reported e => OnReported(state, e.Message, effects),
            Input.Applied e => OnApplied(state, e.Message, effects),
            Input.Progressed e => StuckSteps.OnProgress(state, e.Message, effects),
            Input.Evaluated e => OnEvaluated(state, e.Message, effects),
            Input.Persisted e => CheckpointCommit.OnPersisted(state, e.Message, effects),
            Input.Published e => CheckpointCommit.OnPublished(state, e, effects),
            Input.PublishFailed e => CheckpointCommit.OnFailed(state, e, effects),
            Input.ActorFailed e => ActorFailures.OnFailed(state, e.Message, effects),
            Input.StopAsked e => OnStopAsked(state, e, effects),
            Input.GraceOver e => e.Epoch == state.Epoch && state.Phase == RunPhase.Gathering
                ? EpochStart.TryBegin(state with { GraceOver = true }, effects)
                : state,
            Input.PauseOver e => ActorFailures.OnPauseOver(state, e.Epoch, effects),
            Input.Tick => OnTick(state, effects),
            _ => throw new ArgumentOutOfRangeException(nameof(input)),
        };
        return (input is Input.Tick or Input.Progressed || ReferenceEquals(next, state) ? next : next with { QuietTicks = 0, Inquiry = null }, effects);
    }

    private static CoordinatorState OnTick(CoordinatorState state, List<Effect> effects)
    {
        Joiners.OnTick(state, effects);
        return UnansweredOrders.OnTick(state, effects);
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
            JournalId = state.JournalId,
            Coordinator = state.Coordinator,
            EpochBefore = Math.Max(state.Epoch, e.Epoch),
            NewestCheckpoint = e.NewestCheckpoint,
            CheckpointLedger = SampleLedger.FromJson(e.LedgerJson, "journal"),
        }.WithRun(RunSpec.FromJson(e.SpecJson)),
        JournalEntry.EpochBegan e => state with { Epoch = e.Epoch, Placement = new Placement(e.Nodes, e.NodeOfRank, "taken over"), Step = e.RestoreStep, TakenOver = true, LastUpdate = null },
        JournalEntry.CheckpointPublished e => state.WithCheckpoint(e.Step, SampleLedger.FromJson(e.LedgerJson, "journal")),
        JournalEntry.StepSkipped e => state with { Skipped = state.Skipped.Add(e.Step) },
        JournalEntry.KChanged e => state with { KSnapshot = e.KSnapshot, KPersist = e.KPersist },
        JournalEntry.CheckpointsChosen e => AdaptiveCheckpoints.Apply(state, e),
        JournalEntry.StopAsked e => state with { StopReason = e.Reason },
        JournalEntry.RunEnded e => state with { Phase = RunPhase.Ended, Outcome = e.Outcome, Cause = e.Cause },
        _ => state,
    };

    /// <summary>Ends the run as failed.</summary>
    internal static CoordinatorState Fail(CoordinatorState state, FailureCause cause, string reason, List<Effect> effects) => End(state, $"failed: {reason}", effects, cause);

    /// <summary>Ends the run.</summary>
    internal static CoordinatorState End(CoordinatorState state, string outcome, List<Effect> effects, FailureCause cause = FailureCause.None)
    {
        effects.Add(new Effect.Journal(new JournalEntry.RunEnded(outcome) { Cause = cause }));
        foreach (NodeIdentity node in state.Members.Values)
        {
            // Those that only got ready have opened the run, too.
            effects.Add(new Effect.Tell(node, new EndRun(state.Epoch, outcome)));
        }

        effects.Add(new Effect.Ended(outcome));
        return state with { Phase = RunPhase.Ended, Outcome = outcome, Cause = cause, Pending = state.Pending.Clear(), Order = null };
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
            JournalId = state.JournalId,
            Coordinator = state.Coordinator,
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
        return EpochStart.TryBegin(next, effects);
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
        if (next.Phase == RunPhase.Ended)
        {
            // The coordinator that ended the run may have died before it told its nodes: they hold its state until they hear of it.
            effects.Add(new Effect.Tell(e.Node, new EndRun(next.Epoch, next.Outcome)));
        }

        next = next.Phase == RunPhase.Gathering ? EpochStart.TryBegin(next, effects) : next;
        return Joiners.OnUp(next, e.Node, effects);
    }

    private static CoordinatorState OnNodeLost(CoordinatorState state, Input.NodeLost e, List<Effect> effects)
    {
        NodeIdentity? participant = state.Involved.FirstOrDefault(n => n.Incarnation == e.Incarnation);
        bool known = state.Members.TryGetValue(e.Incarnation, out NodeIdentity? node);
        if (!known && (participant is null || state.Lost.Contains(e.Incarnation)))
        {
            // Never known, or its loss was told before: one death is downed first and removed later.
            return state;
        }

        CoordinatorState next = state with { Members = state.Members.Remove(e.Incarnation), Lost = state.Lost.Add(e.Incarnation), Vaults = state.Vaults.Remove(e.Incarnation), Joiners = state.Joiners.Remove(e.Incarnation) };
        if (participant is null || state.Phase is RunPhase.Idle or RunPhase.Ended)
        {
            effects.Add(new Effect.Note($"{(node ?? participant)!.Name} is gone: {e.Reason}"));
            return next;
        }

        next = next with { Losses = next.Losses.SetItem(participant.Name, next.Losses.GetValueOrDefault(participant.Name) + 1) };
        effects.Add(new Effect.FaultDetected(participant.Name, "node-lost", e.Reason, state.Step, e.Incarnation));
        return EpochStart.Abort(next, $"{participant.Name} is lost: {e.Reason}", effects);
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
            // Durable before anybody acts on it: a coordinator that takes over forms the ledger from it (DA-1).
            effects.Add(new Effect.Journal(new JournalEntry.StepSkipped(state.Step)));
            effects.Add(new Effect.Note($"step {state.Step}: a loss or gradient is not finite; skipped ({skips} in a row)"));
            if (skips > spec.Training.NonFinite.StopAfter)
            {
                effects.Add(new Effect.RecordStep(decided));
                return Fail(state, FailureCause.NonFinite, $"non-finite loss or gradient in {skips} steps in a row; training.non-finite.stop-after = {spec.Training.NonFinite.StopAfter}", effects);
            }
        }

        bool due = spec.Checkpoint.Interval > 0 && completed % spec.Checkpoint.Interval == 0;

        state = Stragglers.Report(state with { Paces = Stragglers.Add(state.Paces, state.Reports.Values) }, effects);

        // The epoch that begins at this boundary saves what is due here.
        bool changes = !last && state.Pending.IsEmpty && (Growth.Decide(state).Grows || Stragglers.Decide(state) is not null);
        bool checkpoint = last || (due && state.Pending.IsEmpty && !changes);
        if (due && !checkpoint && !changes)
        {
            effects.Add(new Effect.Note($"checkpoint at step {completed} left out: the one before is still being written"));
        }

        bool evaluate = spec.Evaluation.Interval > 0 && completed % spec.Evaluation.Interval == 0;
        PltLedger? plt = decided.Skipped ? state.Plt : state.Plt?.Add(decided.Load);
        CheckpointOrder? saves = checkpoint ? CheckpointOrders.Next(state with { Plt = plt }, last) : null;
        plt = checkpoint ? plt?.Mark(completed) : plt;
        decided = decided with { Plt = LostTokens.Share(spec, plt) };
        AfterStep after = last || evaluate || changes || (checkpoint && !spec.Checkpoint.Asynchronous) ? AfterStep.Hold : AfterStep.Continue;
        var order = new StepDecision(
            state.Epoch, state.Step, decided.Skipped, StepDecisions.GradientScale(spec, decided), decided.LearningRate, saves, after, state.NewestCheckpoint)
        {
            Load = StepDecisions.LoadFor(spec, decided),
        };

        // Written down first: once a node has heard the decision nobody computes the step again, not even for a coordinator that dies here.
        effects.Add(new Effect.RecordStep(decided));
        TellAll(state, order, effects);
        return state with
        {
            Measured = state.Measured.Add(decided),
            Step = completed,
            Order = order,
            LastUpdate = order.Update,
            Ledger = ledger,
            Reports = state.Reports.Clear(),
            Applied = state.Applied.Clear(),
            SkipsInARow = skips,

            // Steps that are only computed again are no progress: an actor that fails at the same step for ever must end the run.
            Failures = completed > state.Furthest ? state.Failures.Clear() : state.Failures,
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
        if (state.Failure is not null)
        {
            // The epoch was for saving alone.
            return CheckpointCommit.TryFinish(state with { Phase = RunPhase.Finishing }, effects);
        }

        if (state.StopReason is not null && state.Step < state.Spec!.Training.Steps && IsSaved(state))
        {
            return CheckpointCommit.TryFinish(state with { Phase = RunPhase.Finishing }, effects);
        }

        if (!state.Spec!.Checkpoint.Asynchronous && state.Step < state.Spec.Training.Steps && state.Pending.ContainsKey(state.Step))
        {
            return state with { Phase = RunPhase.Saving, Order = null };
        }

        bool final = state.Step >= state.Spec!.Training.Steps;
        bool evaluates = final || state.StopReason is not null
            || (state.Spec.Evaluation.Interval > 0 && state.Step % state.Spec.Evaluation.Interval == 0 && state.Step > 0 && state.Validated != state.Step);
        if (!evaluates)
        {
            // Held for a checkpoint, or for a node that is taken in.
            return Joiners.GoOn(state, effects);
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

        next = next with { Validated = next.Step };

        return next.Step >= next.Spec!.Training.Steps || (next.StopReason is not null && IsSaved(next))
            ? CheckpointCommit.TryFinish(next with { Phase = RunPhase.Finishing }, effects)
            : Joiners.GoOn(next, effects);
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
        if (state.Phase is not (RunPhase.Gathering or RunPhase.Surveying or RunPhase.Preparing))
        {
            return next;
        }

        // In the middle of a recovery there is something to save first; nobody is waited for then.
        return !state.TakenOver && state.Furthest <= Math.Max(0, state.NewestCheckpoint) ? End(next, "stopped", effects)
            : next.Phase == RunPhase.Gathering && !state.TakenOver ? EpochStart.TryBegin(next with { GraceOver = true }, effects)
            : next;
    }

    /// <summary>Whether the state at the current step is durable or on its way: a stop may end here, else one more step is computed and saved.</summary>
    private static bool IsSaved(CoordinatorState state) => state.NewestCheckpoint == state.Step || state.Pending.ContainsKey(state.Step);

    internal static bool IsParticipant(CoordinatorState state, string incarnation) =>
        state.Participants.Any(n => n.Incarnation == incarnation);

    internal static void TellAll(CoordinatorState state, IControlMessage message, List<Effect> effects)
    {
        foreach (NodeIdentity node in state.Participants.Where(n => state.Members.ContainsKey(n.Incarnation)))
        {
            effects.Add(new Effect.Tell(node, message));
        }
    }
}
