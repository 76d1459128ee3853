using System.Collections.Immutable;

using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Cluster.Placements;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Checkpoints.Partial;
using MoeActors.Compute.Checkpoints.Retention;
using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;

using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;
using Input = MoeActors.Actors.Cluster.Coordinator.CoordinatorInput;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>PURE: the coordinator's part of a checkpoint's life: gather the durable parts, publish, remember (CK-1).</summary>
internal static class CheckpointCommit
{
    /// <summary>Before the third time the last checkpoint is taken; twice as long before each after it. Storage that is full, or away, takes more than a moment.</summary>
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);

    /// <summary>A checkpoint that has been ordered.</summary>
    public static PendingCheckpoint Begin(CoordinatorState state, long step, SampleLedger ledger, PltLedger? plt, CheckpointOrder order)
    {
        RunSpec spec = state.Spec!;
        CheckpointFacts facts = order.Complete
            ? CheckpointFacts.Whole(spec.Model, step, ledger, plt)
            : state.Published[state.NewestCheckpoint].Next(step, ledger, plt, order, PecMask.Parse(spec.Checkpoint.Mask));
        return new PendingCheckpoint(step, state.Epoch, ledger, ImmutableSortedDictionary<string, SnapshotPersisted>.Empty)
        {
            Order = order,
            Facts = facts,
            Base = order.Complete ? null : state.NewestCheckpoint,
        };
    }

    /// <summary>What retention is asked for with a checkpoint that is published now. An epoch that begins meanwhile restores the newest one known now: that one stays.</summary>
    public static RetentionRequest Retention(CoordinatorState state) =>
        new(new RetentionPolicy(state.Spec!.Checkpoint.Keep, state.Spec.Checkpoint.KeepEvery), state.Fence)
        {
            Pinned = RecoveryLadder.Needed(state.Spec, state.NewestCheckpoint, state.Published),
            InProgress = state.Pending.Keys.ToHashSet(),
        };

    public static CoordinatorState OnPersisted(CoordinatorState state, SnapshotPersisted e, List<Effect> effects)
    {
        // A part may come twice, when its first answer was late; only participants have one.
        if (!state.Pending.TryGetValue(e.Step, out PendingCheckpoint? pending) || pending.Epoch != e.Epoch || pending.Parts.ContainsKey(e.Node)
            || state.Participants.All(n => n.Incarnation != e.Node))
        {
            return state;
        }

        if (e.Error is not null)
        {
            string name = state.Members.TryGetValue(e.Node, out NodeIdentity? node) ? node.Name : e.Node;
            return OnFailed(state, new Input.PublishFailed(e.Step, e.Epoch, $"{name}: {e.Error}"), effects);
        }

        PendingCheckpoint next = pending with { Parts = pending.Parts.SetItem(e.Node, e) };
        if (next.Parts.Count == state.Participants.Count)
        {
            if (e.Step <= state.NewestCheckpoint)
            {
                // An aborted epoch's publisher was late but not too late: the same state is published already.
                return GoOn(state with { Pending = state.Pending.Remove(e.Step) }, effects);
            }

            effects.Add(new Effect.Publish(next));
        }

        return state with { Pending = state.Pending.SetItem(e.Step, next) };
    }

    public static CoordinatorState OnPublished(CoordinatorState state, Input.Published e, List<Effect> effects)
    {
        long step = e.Checkpoint.Step;
        if (e.Checkpoint.Epoch <= state.EpochBefore)
        {
            // Of a run that ended while its checkpoint was being published.
            return state;
        }

        if (e.Checkpoint.Epoch < state.Epoch && state.Spec!.Checkpoint.Mode == CheckpointMode.Partial)
        {
            // RC-1: recovery was bounded-stale, so this is of a history that is no more. The present one publishes its own in its place.
            effects.Add(new Effect.Note($"checkpoint {step} of epoch {e.Checkpoint.Epoch}, which is over, is not counted"));
            return state;
        }

        effects.Add(new Effect.Note($"checkpoint {step} published ({e.Bytes / 1e6:0.0} MB)"));
        CoordinatorState next = Settled(state, step, e.Checkpoint.Epoch);
        if (step > state.NewestCheckpoint)
        {
            effects.Add(new Effect.Journal(new JournalEntry.CheckpointPublished(step, e.Checkpoint.Ledger.ToJson())));
            next = AdaptiveCheckpoints.Choose(Remember(next, e), e.Checkpoint, effects);
        }

        return GoOn(next, effects);
    }

    public static CoordinatorState OnFailed(CoordinatorState state, Input.PublishFailed e, List<Effect> effects)
    {
        effects.Add(new Effect.Note($"checkpoint {e.Step} FAILED: {e.Reason}; the newest stays {state.NewestCheckpoint}"));
        CoordinatorState next = Settled(state, e.Step, e.Epoch);
        if (ReferenceEquals(next, state))
        {
            return state;
        }

        effects.Add(new Effect.RecordFailedCheckpoint(e.Step));

        // A checkpoint along the way costs nothing but itself; the last one is the run's result.
        bool last = next.Phase == RunPhase.Finishing
            || (next.Phase is RunPhase.Preparing or RunPhase.Applying or RunPhase.Evaluating && (next.Step >= next.Spec!.Training.Steps || next.StopReason is not null || next.Failure is not null));
        return last && next.Step == e.Step && next.NewestCheckpoint < e.Step
            ? TakeAgain(next, e.Reason, effects)
            : GoOn(next, effects);
    }

    /// <summary>
    /// The last checkpoint is the run's result, and in exact mode its state is still in memory: another epoch begins with it, each time a little later, while the budget of failures lasts.
    /// Another epoch of a bounded-stale run would go back to an older checkpoint, which is worse than that one.
    /// </summary>
    private static CoordinatorState TakeAgain(CoordinatorState state, string reason, List<Effect> effects)
    {
        CoordinatorState next = state with { Failures = state.Failures.Add(new ActorFailure("run", "checkpoint", state.Step, reason)) };
        int tries = next.Failures.Count;
        if (!state.Spec!.IsExact || FailurePolicy.Decide(next.Failures).Scope == FailureScope.Run)
        {
            string words = $"the last checkpoint could not be written: {reason}";
            return next.Failure is null ? CoordinatorMachine.Fail(next, FailureCause.Resources, words, effects) : UnfitNodes.End(next, effects, $"; {words}");
        }

        effects.Add(new Effect.FaultDetected("checkpoint", "checkpoint-failed", reason, state.Step));
        return ActorFailures.Abort(
            next, tries == 1 ? TimeSpan.Zero : FirstPause * Math.Pow(2, tries - 2), $"the last checkpoint could not be written and is taken again: {reason}", effects);
    }

    private static CoordinatorState Remember(CoordinatorState state, Input.Published e)
    {
        PendingCheckpoint checkpoint = e.Checkpoint;
        var published = state.Published.SetItem(checkpoint.Step, checkpoint.Facts);
        if (e.Kept.Count > 0)
        {
            published = published.RemoveRange(published.Keys.Except(e.Kept).Where(s => s != checkpoint.Step));
        }

        CoordinatorState next = state with { NewestCheckpoint = checkpoint.Step, CheckpointLedger = checkpoint.Ledger, Published = published };

        // What an older epoch's nodes still hold of it was let go when this one began.
        next = checkpoint.Epoch == state.Epoch && state.Spec!.Checkpoint.KeepsSnapshots ? next with { Vaults = Snapshotted(next, checkpoint) } : next;
        IEnumerable<long> restorable = published.Values.SelectMany(f => f.Steps())
            .Concat(next.Vaults.Values.SelectMany(v => v.Values).Select(v => v.Moments)).Concat(next.Pending.Keys);
        return next with { Plt = next.Plt?.KeepMarks(restorable) };
    }

    private static ImmutableDictionary<string, ImmutableDictionary<(int Layer, int Expert), ExpertVersion>> Snapshotted(
        CoordinatorState state, PendingCheckpoint checkpoint)
    {
        RunSpec spec = state.Spec!;
        var vaults = state.Vaults;
        for (int m = 0; m < spec.Model.MoeLayers().Count; m++)
        {
            foreach (int expert in checkpoint.Order.Complete ? Enumerable.Range(0, spec.Model.Moe.Experts) : checkpoint.Order.Snapshot[m])
            {
                string node = state.Placement!.Nodes[state.Placement.NodeOfRank[spec.Layout.PositionOfExpert(expert, spec.Model.Moe.Experts)]].Incarnation;
                var held = vaults.TryGetValue(node, out var known) ? known : ImmutableDictionary<(int Layer, int Expert), ExpertVersion>.Empty;
                vaults = vaults.SetItem(node, held.SetItem((m, expert), new ExpertVersion(checkpoint.Step, checkpoint.Step)));
            }
        }

        return vaults;
    }

    /// <summary>What waited for a checkpoint goes on: training (checkpoint.asynchronous = off), or the end of the run.</summary>
    private static CoordinatorState GoOn(CoordinatorState state, List<Effect> effects) =>
        state.Phase == RunPhase.Saving && state.Pending.IsEmpty ? CoordinatorMachine.AfterHold(state, effects) : TryFinish(state, effects);

    // EP-1: what an older epoch was still publishing is not what this one waits for.
    private static CoordinatorState Settled(CoordinatorState state, long step, int epoch) =>
        state.Pending.TryGetValue(step, out PendingCheckpoint? pending) && pending.Epoch == epoch ? state with { Pending = state.Pending.Remove(step) } : state;

    /// <summary>Ends a run that has nothing left to compute once its last checkpoint is durable.</summary>
    public static CoordinatorState TryFinish(CoordinatorState state, List<Effect> effects)
    {
        if (state.Phase != RunPhase.Finishing || !state.Pending.IsEmpty)
        {
            return state;
        }

        if (state.Failure is not null)
        {
            return UnfitNodes.End(state, effects);
        }

        bool completed = state.Step >= state.Spec!.Training.Steps;
        return CoordinatorMachine.End(state, completed ? "completed" : "stopped", effects);
    }
}
