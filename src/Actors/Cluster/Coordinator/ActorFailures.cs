using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Optimization;

using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>PURE: an actor failed in a sound process. Its supervisor has restarted it alone (RC-2); the run goes on in a new epoch, unless nothing suggests that it ever will.</summary>
internal static class ActorFailures
{
    public static CoordinatorState OnFailed(CoordinatorState state, NodeFault e, List<Effect> effects)
    {
        if (e.Epoch != state.Epoch || state.Phase is RunPhase.Idle or RunPhase.Gathering or RunPhase.Surveying or RunPhase.Ended)
        {
            return state;
        }

        string name = state.Members.TryGetValue(e.Node, out NodeIdentity? node) ? node.Name : e.Node;
        effects.Add(new Effect.FaultDetected($"{name}/{e.Actor}", StateAlteredException.IsIn(e.Reason) ? "silent-corruption" : "actor-failed", e.Reason, state.Step));
        CoordinatorState next = state with { Failures = state.Failures.Add(new ActorFailure(name, e.Actor, state.Step, e.Reason) { Cause = e.Cause }) };
        FailureDecision decision = FailurePolicy.Decide(next.Failures);
        switch (decision.Scope)
        {
            case FailureScope.Run:
                return CoordinatorMachine.Fail(next, decision.Cause, decision.Reason, effects);
            case FailureScope.Rank:
                next = next with { Fresh = next.Fresh.Add(next.Failures[^1].Rank!.Value) };
                break;
            case FailureScope.Unfit when node is not null:
                next = UnfitNodes.Without(next, node, new RunFailure(e.Cause, e.Reason), effects);
                break;
            case FailureScope.Node when node is not null:
                next = EndNode(next, node, decision.Reason, effects);
                break;
        }

        return Abort(next, decision.Pause, decision.Reason, effects);
    }

    /// <summary>Ends the epoch; the next one begins after <paramref name="pause"/>.</summary>
    public static CoordinatorState Abort(CoordinatorState state, TimeSpan pause, string reason, List<Effect> effects)
    {
        CoordinatorState next = state;
        if (pause > TimeSpan.Zero)
        {
            next = next with { BackingOff = true };
            effects.Add(new Effect.StartBackoff(next.Epoch, pause));
        }

        return EpochStart.Abort(next, reason, effects);
    }

    /// <summary>Ends a node's process by decision: it takes its state with it, and what membership says later is no news.</summary>
    public static CoordinatorState EndNode(CoordinatorState state, NodeIdentity node, string reason, List<Effect> effects)
    {
        effects.Add(new Effect.Tell(node, new EndNode(state.Fence, reason)));
        return state with { Members = state.Members.Remove(node.Incarnation), Lost = state.Lost.Add(node.Incarnation), Vaults = state.Vaults.Remove(node.Incarnation) };
    }

    /// <summary>The pause after a failure is over.</summary>
    public static CoordinatorState OnPauseOver(CoordinatorState state, int epoch, List<Effect> effects)
    {
        if (!state.BackingOff || epoch != state.Epoch)
        {
            return state;
        }

        CoordinatorState next = state with { BackingOff = false };
        return next.Phase == RunPhase.Gathering ? EpochStart.TryBegin(next, effects) : next;
    }
}
