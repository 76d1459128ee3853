using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Cluster.Placements;
using MoeActors.Actors.Protocol;

using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>Why a run cannot go on, or a node not take part.</summary>
/// <param name="Cause">What kind of thing it is.</param>
/// <param name="Reason">In one sentence that names the node.</param>
internal sealed record RunFailure(FailureCause Cause, string Reason);

/// <summary>
/// PURE: what is wrong with one node (its text, its disk, its memory) is no reason to end the run. The node is refused and its ranks move to those that are fit. When none is, the nodes that still hold state
/// save it, whatever else they cannot do, and the run ends with the cause that the last of them gave.
/// </summary>
internal static class UnfitNodes
{
    /// <summary>A node has said that it cannot get ready for the epoch: it takes no part any more, and another epoch begins without it.</summary>
    public static CoordinatorState Refuse(CoordinatorState state, NodeIdentity node, RunFailure why, List<Effect> effects) =>
        EpochStart.Abort(Without(state with { Opened = state.Opened.Remove(node.Incarnation) }, node, why, effects), $"{node.Name} is refused: its ranks move", effects);

    /// <summary>The node takes no part in this run from now on; what it holds it may still save.</summary>
    public static CoordinatorState Without(CoordinatorState state, NodeIdentity node, RunFailure why, List<Effect> effects)
    {
        effects.Add(new Effect.Note($"{node.Name} cannot take part: {why.Reason}"));
        return state with { Joiners = state.Joiners.SetItem(node.Incarnation, JoinerStage.Unfit), Refusal = why with { Reason = $"{node.Name}: {why.Reason}" } };
    }

    /// <summary>Whether the node has been refused.</summary>
    public static bool IsUnfit(CoordinatorState state, NodeIdentity node) => state.Joiners.TryGetValue(node.Incarnation, out JoinerStage stage) && stage == JoinerStage.Unfit;

    /// <summary>No node is fit: the run ends where no other is awaited, or waiting would cost what the nodes hold; else it waits for one.</summary>
    public static CoordinatorState OnNoneFit(CoordinatorState state, List<Effect> effects)
    {
        bool all = state.Members.Count > 0 && state.Members.Values.All(n => IsUnfit(state, n));
        if (!all || state.Refusal is null || (state.Members.Count < state.WantedNodes && !(state.GraceOver && HoldsMore(state))))
        {
            return state;
        }

        effects.Add(new Effect.Note($"no node can take part any more: {state.Refusal.Reason}"));
        return Save(state with { Failure = state.Refusal }, effects);
    }

    /// <summary>What the nodes hold beyond the newest checkpoint is saved; then the run ends.</summary>
    public static CoordinatorState Save(CoordinatorState state, List<Effect> effects)
    {
        NodeIdentity[] holders = Holders(state);
        if (holders.Length == 0 || !HoldsMore(state))
        {
            return End(state, effects);
        }

        IReadOnlyList<NodeIdentity> chosen = NodeChoice.Take(holders, [.. state.Participants.Select(p => p.Incarnation)], state.WantedNodes, state.Spec!.Copies);
        return RecoverySurvey.Begin(state, PlacementPlanner.Plan(state.Spec.Layout.Ranks, chosen, state.Placement), effects);
    }

    /// <summary>The run ends with the failure that is known.</summary>
    /// <param name="state">The state before.</param>
    /// <param name="effects">Effects so far.</param>
    /// <param name="more">What else is to be said.</param>
    public static CoordinatorState End(CoordinatorState state, List<Effect> effects, string more = "") =>
        CoordinatorMachine.Fail(state, state.Failure!.Cause, $"{state.Failure.Reason}{more}", effects);

    /// <summary>Members that have opened the run and hold its state in memory.</summary>
    private static NodeIdentity[] Holders(CoordinatorState state) =>
    [
        .. state.Members.Values.Where(n => state.Opened.Contains(n.Incarnation)
            || (state.TakenOver && !IsUnfit(state, n) && state.Participants.Any(p => p.Incarnation == n.Incarnation))),
    ];

    /// <summary>Only a run that recovers exactly goes on from memory; in others, and where no step was made since the newest checkpoint, there is nothing to save.</summary>
    private static bool HoldsMore(CoordinatorState state) => state.Spec!.IsExact && (state.TakenOver || state.Furthest > state.NewestCheckpoint) && Holders(state).Length > 0;
}
