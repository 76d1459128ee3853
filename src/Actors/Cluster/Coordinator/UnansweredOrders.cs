using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Protocol;

using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>
/// PURE: control messages travel at most once, so an order or its answer may be lost without any failure to see. What nobody has answered
/// for a while is said again to those whose answer is missing; nodes act on an order once and repeat their answer.
/// </summary>
internal static class UnansweredOrders
{
    /// <summary>Quiet ticks after which people are told whom the run waits for.</summary>
    internal const int NoteAfter = 15;

    /// <summary>Time between two ticks.</summary>
    internal static readonly TimeSpan Tick = TimeSpan.FromSeconds(2);

    /// <summary>Reacts to the passing of time.</summary>
    public static CoordinatorState OnTick(CoordinatorState state, List<Effect> effects)
    {
        if (state.Phase is RunPhase.Idle or RunPhase.Gathering or RunPhase.Ended)
        {
            return state;
        }

        // The first tick after an input may come at once: only a whole quiet period counts.
        CoordinatorState next = state with { QuietTicks = state.QuietTicks + 1 };
        if (next.QuietTicks < 2)
        {
            return next;
        }

        NodeIdentity[] silent = [.. state.Involved.Where(n => state.Members.ContainsKey(n.Incarnation) && !HasAnswered(state, n.Incarnation))];
        foreach (NodeIdentity node in state.Order is null ? [] : silent)
        {
            effects.Add(new Effect.Tell(node, state.Order!));
        }

        foreach (PendingCheckpoint checkpoint in state.Pending.Values.Where(c => c.Epoch == state.Epoch))
        {
            foreach (NodeIdentity node in state.Participants.Where(n => !checkpoint.Parts.ContainsKey(n.Incarnation)))
            {
                effects.Add(new Effect.Tell(node, new AskPersisted(checkpoint.Epoch, checkpoint.Step)));
            }
        }

        if (next.QuietTicks == NoteAfter && silent.Length > 0)
        {
            effects.Add(new Effect.Note($"{state.Phase.ToString().ToLowerInvariant()} at step {state.Step}: still waiting for {string.Join(", ", silent.Select(n => n.Name))}"));
        }

        return StuckSteps.OnTick(next, effects);
    }

    private static bool HasAnswered(CoordinatorState state, string incarnation) => state.Phase switch
    {
        RunPhase.Surveying => state.Survey!.Answers.ContainsKey(incarnation),
        RunPhase.Preparing => state.Ready.ContainsKey(incarnation),
        RunPhase.Running => state.Reports.ContainsKey(incarnation),
        RunPhase.Applying => state.Applied.Contains(incarnation),
        RunPhase.Evaluating => state.Evaluations.ContainsKey(incarnation),
        _ => true,
    };
}
