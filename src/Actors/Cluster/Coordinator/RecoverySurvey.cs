using System.Collections.Immutable;

using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Cluster.Placements;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Specs;

using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>
/// PURE: asks the nodes of the next epoch what state they hold, so that the recovery point is chosen by what there is, not by what a coordinator remembers: one that has just taken over knows as much as its
/// predecessor. A failure meanwhile begins another survey (RC-2): an answer changes nothing, so it may be asked for as often as needed.
/// </summary>
internal static class RecoverySurvey
{
    /// <summary>Asks.</summary>
    public static CoordinatorState Begin(CoordinatorState state, Placement placement, List<Effect> effects)
    {
        var order = new AskHoldings(RunKey.Of(state.Spec!), state.Epoch + 1, state.Fence);
        foreach (NodeIdentity node in placement.Nodes)
        {
            effects.Add(new Effect.Tell(node, order));
        }

        return state with { Phase = RunPhase.Surveying, Order = order, Survey = new Survey(placement, ImmutableSortedDictionary<string, Holdings>.Empty) };
    }

    /// <summary>An answer; with the last of them the epoch begins.</summary>
    public static CoordinatorState OnHeld(CoordinatorState state, Holdings e, List<Effect> effects)
    {
        if (state.Phase != RunPhase.Surveying || e.Epoch != state.Epoch + 1 || state.Survey!.Placement.Nodes.All(n => n.Incarnation != e.Node))
        {
            return state;
        }

        Survey survey = state.Survey with { Answers = state.Survey.Answers.SetItem(e.Node, e) };
        return survey.Answers.Count < survey.Placement.Nodes.Count
            ? state with { Survey = survey }
            : EpochStart.Begin(state, survey.Placement, [.. survey.Placement.Nodes.Select(n => survey.Answers[n.Incarnation])], effects);
    }
}
