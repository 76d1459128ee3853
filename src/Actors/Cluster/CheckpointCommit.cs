using MoeActors.Actors.Protocol;

using Effect = MoeActors.Actors.Cluster.CoordinatorEffect;
using Input = MoeActors.Actors.Cluster.CoordinatorInput;

namespace MoeActors.Actors.Cluster;

/// <summary>PURE: the coordinator's part of a checkpoint's life: gather the durable parts, publish, remember (CK-1).</summary>
internal static class CheckpointCommit
{
    public static CoordinatorState OnPersisted(CoordinatorState state, SnapshotPersisted e, List<Effect> effects)
    {
        if (!state.Pending.TryGetValue(e.Step, out PendingCheckpoint? pending) || pending.Epoch != e.Epoch)
        {
            return state;
        }

        if (e.Error is not null)
        {
            string name = state.Members.TryGetValue(e.Node, out NodeIdentity? node) ? node.Name : e.Node;
            return OnFailed(state, new Input.PublishFailed(e.Step, $"{name}: {e.Error}"), effects);
        }

        PendingCheckpoint next = pending with { Parts = pending.Parts.SetItem(e.Node, e) };
        if (next.Parts.Count == state.Participants.Count)
        {
            effects.Add(new Effect.Publish(next));
        }

        return state with { Pending = state.Pending.SetItem(e.Step, next) };
    }

    public static CoordinatorState OnPublished(CoordinatorState state, Input.Published e, List<Effect> effects)
    {
        long step = e.Checkpoint.Step;
        effects.Add(new Effect.Note($"checkpoint {step} published ({e.Bytes / 1e6:0.0} MB)"));
        CoordinatorState next = state with { Pending = state.Pending.Remove(step) };
        if (step > state.NewestCheckpoint)
        {
            effects.Add(new Effect.Journal(new JournalEntry.CheckpointPublished(step, e.Checkpoint.Ledger.ToJson())));
            next = next with { NewestCheckpoint = step, CheckpointLedger = e.Checkpoint.Ledger };
        }

        return TryFinish(next, effects);
    }

    public static CoordinatorState OnFailed(CoordinatorState state, Input.PublishFailed e, List<Effect> effects)
    {
        effects.Add(new Effect.Note($"checkpoint {e.Step} FAILED: {e.Reason}; the newest stays {state.NewestCheckpoint}"));
        CoordinatorState next = state with { Pending = state.Pending.Remove(e.Step) };
        return next.Phase is RunPhase.Finishing or RunPhase.Applying or RunPhase.Evaluating && (next.Step == e.Step)
            ? CoordinatorMachine.End(next, $"failed: the last checkpoint could not be written: {e.Reason}", effects)
            : next;
    }

    /// <summary>Ends a run that has nothing left to compute once its last checkpoint is durable.</summary>
    public static CoordinatorState TryFinish(CoordinatorState state, List<Effect> effects)
    {
        if (state.Phase != RunPhase.Finishing || !state.Pending.IsEmpty)
        {
            return state;
        }

        bool completed = state.Step >= state.Spec!.Training.Steps;
        return CoordinatorMachine.End(state, completed ? "completed" : "stopped", effects);
    }
}
