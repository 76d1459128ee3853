using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Cluster.Placements;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Specs;

using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>PURE: nodes that come while a run is under way: settled, made ready, then taken in at a step boundary (<see cref="Growth"/>). A failure takes whoever is there: hot spares do not wait.</summary>
internal static class Joiners
{
    /// <summary>A node that takes no part in what is under way has come.</summary>
    public static CoordinatorState OnUp(CoordinatorState state, NodeIdentity node, List<Effect> effects)
    {
        // Before an epoch begins whoever comes is taken.
        if (state.Spec is not { IsExact: true } || state.Phase is RunPhase.Idle or RunPhase.Gathering or RunPhase.Ended || state.Joiners.ContainsKey(node.Incarnation)
            || state.Involved.Any(n => n.Incarnation == node.Incarnation))
        {
            return state;
        }

        effects.Add(new Effect.StartSettling(node.Incarnation, Growth.Patience(state.Losses.GetValueOrDefault(node.Name))));
        return state with { Joiners = state.Joiners.SetItem(node.Incarnation, JoinerStage.Settling) };
    }

    /// <summary>It has been there long enough.</summary>
    public static CoordinatorState OnSettled(CoordinatorState state, string incarnation, List<Effect> effects)
    {
        if (state.Phase == RunPhase.Ended || state.Joiners.GetValueOrDefault(incarnation, JoinerStage.Unfit) != JoinerStage.Settling || !state.Members.TryGetValue(incarnation, out NodeIdentity? node))
        {
            return state;
        }

        effects.Add(new Effect.Tell(node, Order(state)));
        return state with { Joiners = state.Joiners.SetItem(incarnation, JoinerStage.Asked) };
    }

    /// <summary>Control messages travel at most once: who has not answered is asked again.</summary>
    public static void OnTick(CoordinatorState state, List<Effect> effects)
    {
        foreach ((string incarnation, JoinerStage stage) in state.Joiners)
        {
            if (stage == JoinerStage.Asked && state.Phase != RunPhase.Ended && state.Members.TryGetValue(incarnation, out NodeIdentity? node))
            {
                effects.Add(new Effect.Tell(node, Order(state)));
            }
        }
    }

    /// <summary>It is ready, or cannot be.</summary>
    public static CoordinatorState OnReady(CoordinatorState state, NodeReady e, List<Effect> effects)
    {
        if (state.Spec is null || state.Phase == RunPhase.Ended || e.RunKey != RunKey.Of(state.Spec)
            || state.Joiners.GetValueOrDefault(e.Node, JoinerStage.Unfit) != JoinerStage.Asked || !state.Members.TryGetValue(e.Node, out NodeIdentity? node))
        {
            return state;
        }

        if (e.Error is not null)
        {
            return UnfitNodes.Without(state, node, new RunFailure(e.Cause, e.Error), effects);
        }

        CoordinatorState next = state with { Joiners = state.Joiners.SetItem(e.Node, JoinerStage.Ready) };
        GrowthDecision decision = Growth.Decide(next);
        effects.Add(new Effect.Note($"{node.Name} is ready{(decision.Grows ? "" : $" and waits: {decision.Reason}")}"));
        return next;
    }

    /// <summary>All nodes have applied <see cref="CoordinatorState.Step"/> steps and nothing is in flight: the next step begins, or first an epoch with more nodes or another placement.</summary>
    public static CoordinatorState GoOn(CoordinatorState state, List<Effect> effects)
    {
        if (!state.Pending.IsEmpty)
        {
            return CoordinatorMachine.StartSteps(state, effects);
        }

        GrowthDecision growth = Growth.Decide(state);
        return growth.Grows ? EpochStart.Change(state, growth.Reason, effects)
            : Stragglers.Decide(state) is { } relief ? EpochStart.Change(state, relief.Reason, effects, relief.Placement)
            : CoordinatorMachine.StartSteps(state, effects);
    }

    /// <summary>Whether the epoch that is about to begin may have the node: after a failure any but one that has said it cannot; by choice only one that is ready.</summary>
    public static bool MayTakePart(CoordinatorState state, NodeIdentity node) =>
        !state.Joiners.TryGetValue(node.Incarnation, out JoinerStage stage) || (state.Planned ? stage == JoinerStage.Ready : stage != JoinerStage.Unfit);

    private static GetReady Order(CoordinatorState state) => new(RunKey.Of(state.Spec!), state.Spec!.ToJson(), state.Fence);
}
