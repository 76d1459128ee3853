using System.Globalization;

using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Cluster.Placements;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>Whether nodes that wait take part from the next step boundary on.</summary>
/// <param name="Grows">They do.</param>
/// <param name="Reason">Why, or why not; for people.</param>
internal sealed record GrowthDecision(bool Grows, string Reason);

/// <summary>
/// PURE: a run that goes on with fewer nodes than it was asked for takes a node that waits in again, M→N, at a step boundary: nothing is undone, for all state lives (RC-1), and nothing but placement
/// changes (DT-1). Not for nothing: the change costs a pause, so the fullest node must have less to do afterwards, or a copy that is wanted must find a place.
/// </summary>
internal static class Growth
{
    /// <summary>Times that the patience with a node doubles at most, as it is lost again and again.</summary>
    private const int Doublings = 5;

    /// <summary>Decides.</summary>
    public static GrowthDecision Decide(CoordinatorState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (state.Spec is not { IsExact: true } spec || state.Placement is null || state.StopReason is not null)
        {
            return new GrowthDecision(false, "only a run in exact recovery that goes on takes nodes in between two failures");
        }

        int room = state.WantedNodes - state.Participants.Count;
        string[] taking = [.. state.Participants.Select(p => p.Incarnation)];
        NodeIdentity[] waiting = [.. state.Members.Values.Where(n => state.Joiners.GetValueOrDefault(n.Incarnation) == JoinerStage.Ready && !taking.Contains(n.Incarnation))];
        NodeIdentity[] joiners = [.. NodeChoice.Take([.. state.Participants, .. waiting], taking, Math.Max(state.WantedNodes, taking.Length), spec.Copies).Where(n => !taking.Contains(n.Incarnation))];
        if (joiners.Length == 0)
        {
            return new GrowthDecision(false, room <= 0 ? "the run has all the nodes it asked for" : "no node that is ready waits");
        }

        Placement next = PlacementPlanner.Plan(spec.Layout.Ranks, [.. state.Participants, .. joiners], state.Placement);
        (int before, int after) = (Fullest(state.Placement), Fullest(next));
        (int copies, int more) = (CopiesOn(spec.Copies, state.Participants.Count), CopiesOn(spec.Copies, next.Nodes.Count));
        string names = string.Join(", ", joiners.Select(n => n.Name));
        return after < before || more > copies
            ? new GrowthDecision(true, string.Create(
                CultureInfo.InvariantCulture,
                $"{names} {(joiners.Length == 1 ? "takes" : "take")} part from here: the fullest node has {after} {(after == 1 ? "rank" : "ranks")} instead of {before}{(more > copies ? $", each unit has {more} {(more == 1 ? "copy" : "copies")} instead of {copies}" : "")}"))
            : new GrowthDecision(false, string.Create(
                CultureInfo.InvariantCulture, $"{names} {(joiners.Length == 1 ? "stays a spare" : "stay spares")}: the fullest node would have {after} {(after == 1 ? "rank" : "ranks")} as it has now, and no unit more copies"));
    }

    /// <summary>How often over a node that has just come must wait the settling time out, when the run has lost <paramref name="losses"/> nodes of its name: one that comes and goes comes ever later.</summary>
    public static int Patience(int losses) => 1 << Math.Clamp(losses - 1, 0, Doublings);

    private static int Fullest(Placement placement) => placement.NodeOfRank.CountBy(n => n).Max(n => n.Value);

    private static int CopiesOn(int wanted, int nodes) => Math.Min(wanted, nodes - 1);
}
