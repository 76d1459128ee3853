using System.Collections.Immutable;
using System.Globalization;

using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Cluster.Placements;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Specs;

using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>A node that computes, but slowly.</summary>
/// <param name="Node">The node.</param>
/// <param name="Ratio">Its computing time a rank over that of the others, medians.</param>
internal sealed record Straggler(NodeIdentity Node, double Ratio);

/// <summary>A change of placement because of a slow node.</summary>
/// <param name="Placement">Where the ranks go.</param>
/// <param name="Reason">Why; for people.</param>
internal sealed record Relief(Placement Placement, string Reason);

/// <summary>
/// PURE: nodes that live and get on, slowly. Every step waits for the slowest. The computing time a rank of each node is kept for the newest steps of the epoch; a node whose median is so many times that of the others is named, and with
/// recovery.stragglers = relieve it gives ranks, and their experts, away at a step boundary: all of them to a spare that is ready, else as many as make the slowest node faster. Placement never changes arithmetic (DT-1).
/// </summary>
internal static class Stragglers
{
    /// <summary>Steps that are looked at, and seen before a node is judged.</summary>
    public const int Window = 32;

    /// <summary>Share of the step's time that a relief must save.</summary>
    private const double Gain = 0.1;

    /// <summary>The paces with a step's reports, ms of computing a rank by node incarnation.</summary>
    public static ImmutableSortedDictionary<string, ImmutableList<double>> Add(ImmutableSortedDictionary<string, ImmutableList<double>> paces, IEnumerable<StepReport> reports)
    {
        foreach (StepReport report in reports.Where(r => r.Ranks.Count > 0))
        {
            ImmutableList<double> known = paces.GetValueOrDefault(report.Node, []);
            paces = paces.SetItem(report.Node, (known.Count == Window ? known.RemoveAt(0) : known).Add(report.Ranks.Average(r => r.ComputeMs)));
        }

        return paces;
    }

    /// <summary>The slowest node, where it is a straggler.</summary>
    public static Straggler? Find(CoordinatorState state)
    {
        double ratio = (state.Spec?.Recovery ?? new RecoverySpec()).StragglerRatio;
        if (ratio == 0 || state.Participants.Count < 2 || state.Participants.Any(n => state.Paces.GetValueOrDefault(n.Incarnation, []).Count < Window))
        {
            return null;
        }

        double[] paces = Medians(state);
        int slowest = Array.IndexOf(paces, paces.Max());
        double others = Median([.. paces.Where((_, i) => i != slowest)]);
        return others > 0 && paces[slowest] >= ratio * others ? new Straggler(state.Participants[slowest], paces[slowest] / others) : null;
    }

    /// <summary>Says once an epoch that a node is slow.</summary>
    public static CoordinatorState Report(CoordinatorState state, List<Effect> effects)
    {
        if (Find(state) is not { } found || state.Slow == found.Node.Incarnation)
        {
            return state;
        }

        effects.Add(new Effect.Note(string.Create(
            CultureInfo.InvariantCulture, $"{found.Node.Name} is slow: a rank computes {found.Ratio:0.0} times as long there as on the others, median of {Window} steps")));
        return state with { Slow = found.Node.Incarnation };
    }

    /// <summary>What the policy does about it; null = nothing, or nothing that helps.</summary>
    public static Relief? Decide(CoordinatorState state)
    {
        if (state.Spec is not { IsExact: true } spec || spec.Recovery!.Stragglers != StragglerPolicy.Relieve || state.Placement is null || state.StopReason is not null || Find(state) is not { } slow)
        {
            return null;
        }

        NodeIdentity? spare = state.Members.Values
            .Where(n => state.Joiners.GetValueOrDefault(n.Incarnation) == JoinerStage.Ready && state.Participants.All(p => p.Incarnation != n.Incarnation))
            .OrderBy(n => n.Name, StringComparer.Ordinal)
            .FirstOrDefault();
        string what = string.Create(CultureInfo.InvariantCulture, $"{slow.Node.Name} computes {slow.Ratio:0.0} times as long a rank as the others");

        // Its units come from the copies at the others: it is not asked any more.
        if (spare is not null && spec.Copies > 0)
        {
            NodeIdentity[] nodes = [.. state.Participants.Select(n => n.Incarnation == slow.Node.Incarnation ? spare : n)];
            return new Relief(PlacementPlanner.Plan(spec.Layout.Ranks, nodes, state.Placement), $"{what}: {spare.Name} takes its ranks");
        }

        double[] paces = Medians(state);
        int[] nodeOf = Spread(state.Placement.NodeOfRank, paces);
        double before = Slowest(state.Placement.NodeOfRank, paces), after = Slowest(nodeOf, paces);
        int moved = nodeOf.Where((n, r) => n != state.Placement.NodeOfRank[r]).Count();
        return after > before * (1 - Gain)
            ? null
            : new Relief(
                new Placement(state.Participants, nodeOf, $"{moved} ranks leave slow nodes"),
                string.Create(CultureInfo.InvariantCulture, $"{what}: {moved} {(moved == 1 ? "rank moves" : "ranks move")}, the slowest node has {after:0} ms of computing a step instead of {before:0}"));
    }

    /// <summary>Moves ranks, one by one, from the node that computes longest to the one that would then compute least, as long as that makes the longest shorter.</summary>
    private static int[] Spread(IReadOnlyList<int> nodeOfRank, double[] paces)
    {
        int[] nodeOf = [.. nodeOfRank];
        while (true)
        {
            int[] held = [.. paces.Select((_, n) => nodeOf.Count(o => o == n))];
            int from = Enumerable.Range(0, paces.Length).MaxBy(n => held[n] * paces[n]);
            int to = Enumerable.Range(0, paces.Length).MinBy(n => (held[n] + 1) * paces[n]);

            // A node without a rank takes no part in the run.
            if (from == to || held[from] < 2 || (held[to] + 1) * paces[to] >= held[from] * paces[from])
            {
                return nodeOf;
            }

            nodeOf[Array.LastIndexOf(nodeOf, from)] = to;
        }
    }

    private static double Slowest(IReadOnlyList<int> nodeOfRank, double[] paces) => paces.Select((ms, n) => nodeOfRank.Count(o => o == n) * ms).Max();

    private static double[] Medians(CoordinatorState state) => [.. state.Participants.Select(n => Median([.. state.Paces[n.Incarnation]]))];

    private static double Median(double[] values)
    {
        Array.Sort(values);
        return values.Length % 2 == 1 ? values[values.Length / 2] : (values[(values.Length / 2) - 1] + values[values.Length / 2]) / 2;
    }
}
