using MoeActors.Actors.Protocol;
using MoeActors.Compute.Optimization;

using Effect = MoeActors.Actors.Cluster.CoordinatorEffect;

namespace MoeActors.Actors.Cluster;

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
        CoordinatorState next = state with { Failures = state.Failures.Add(new ActorFailure(name, e.Actor, state.Step, e.Reason)) };
        FailureDecision decision = FailurePolicy.Decide(next.Failures);
        switch (decision.Scope)
        {
            case FailureScope.Run:
                return CoordinatorMachine.End(next, $"failed: {decision.Reason}", effects);
            case FailureScope.Rank:
                next = next with { Fresh = next.Fresh.Add(next.Failures[^1].Rank!.Value) };
                break;
            case FailureScope.Node when node is not null:
                // Its process takes the state with it: lost by decision, what membership says later is no news.
                effects.Add(new Effect.Tell(node, new EndNode(state.Fence, decision.Reason)));
                next = next with { Members = next.Members.Remove(e.Node), Lost = next.Lost.Add(e.Node), Vaults = next.Vaults.Remove(e.Node) };
                break;
        }

        if (decision.Pause > TimeSpan.Zero)
        {
            next = next with { BackingOff = true };
            effects.Add(new Effect.StartBackoff(next.Epoch, decision.Pause));
        }

        return EpochStart.Abort(next, decision.Reason, effects);
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
