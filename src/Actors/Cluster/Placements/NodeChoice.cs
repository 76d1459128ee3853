using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Cluster.Placements;

/// <summary>
/// PURE: which of the nodes that are there an epoch has. One objective, in this order: survivors keep their work, for their state is where it is (load moved); every node carries as many ranks as any other, give or take one
/// (<see cref="PlacementPlanner"/>); and of the newcomers those are taken that leave the copies in such fault domains that losses at one moment are least likely to destroy the last of anything (<see cref="CopyLossProbability"/>): first any one
/// machine, then two, up to one more than there are copies. Equal ones by name.
/// </summary>
internal static class NodeChoice
{
    /// <summary>Sets that are compared at most; beyond it one node after the other is chosen.</summary>
    private const long MostSets = 2000;

    /// <summary>Chooses.</summary>
    /// <param name="fit">Nodes that may take part, any order.</param>
    /// <param name="survivors">Incarnations of those that took part in the epoch before.</param>
    /// <param name="wanted">Nodes the run is to have; fewer where there are fewer.</param>
    /// <param name="copies">Copies wanted of each unit.</param>
    public static IReadOnlyList<NodeIdentity> Take(IReadOnlyCollection<NodeIdentity> fit, IReadOnlyCollection<string> survivors, int wanted, int copies)
    {
        ArgumentNullException.ThrowIfNull(fit);
        ArgumentNullException.ThrowIfNull(survivors);
        NodeIdentity[] stay = [.. Ordered(fit.Where(n => survivors.Contains(n.Incarnation))).Take(wanted)];
        NodeIdentity[] others = [.. Ordered(fit.Where(n => !survivors.Contains(n.Incarnation)))];
        int missing = Math.Min(wanted - stay.Length, others.Length);
        if (missing == others.Length || copies <= 0 || others.Select(n => n.Host).Distinct().Count() == 1)
        {
            return [.. stay, .. others.Take(missing)];
        }

        if (Sets(others.Length, missing) <= MostSets)
        {
            return Least([.. Subsets(others, missing).Select(s => (NodeIdentity[])[.. stay, .. s])], copies);
        }

        List<NodeIdentity> chosen = [.. stay], left = [.. others];
        for (int i = 0; i < missing; i++)
        {
            NodeIdentity next = Least([.. left.Select(n => (NodeIdentity[])[.. chosen, n])], copies)[^1];
            chosen.Add(next);
            left.Remove(next);
        }

        return chosen;
    }

    /// <summary>How likely 1, 2, … <paramref name="copies"/> + 1 machines lost at one moment are, at most, to take the last copy of something.</summary>
    public static IReadOnlyList<double> Risk(IReadOnlyCollection<NodeIdentity> nodes, int copies)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        NodeIdentity[] ring = [.. Ordered(nodes)];
        string[] machines = [.. ring.Select(n => n.Host).Distinct()];
        int[] domainOf = [.. ring.Select(n => Array.IndexOf(machines, n.Host))];
        CopyPlan plan = CopyPlacement.Plan(copies, ring);
        return [.. Enumerable.Range(1, copies + 1).Select(k => CopyLossProbability.Bound(plan, domainOf, k))];
    }

    /// <summary>The first of those with the least risk.</summary>
    private static NodeIdentity[] Least(IReadOnlyList<NodeIdentity[]> sets, int copies)
    {
        NodeIdentity[] best = sets[0];
        IReadOnlyList<double> least = Risk(best, copies);
        foreach (NodeIdentity[] set in sets.Skip(1))
        {
            IReadOnlyList<double> risk = Risk(set, copies);
            int at = Enumerable.Range(0, risk.Count).FirstOrDefault(i => Math.Abs(risk[i] - least[i]) > 1e-12, -1);
            if (at >= 0 && risk[at] < least[at])
            {
                (best, least) = (set, risk);
            }
        }

        return best;
    }

    private static IEnumerable<NodeIdentity> Ordered(IEnumerable<NodeIdentity> nodes) =>
        nodes.OrderBy(n => n.Name, StringComparer.Ordinal).ThenBy(n => n.Incarnation, StringComparer.Ordinal);

    private static IEnumerable<NodeIdentity[]> Subsets(NodeIdentity[] of, int count) =>
        count == 0 ? [[]] : of.Take(of.Length - count + 1).SelectMany((first, i) => Subsets(of[(i + 1)..], count - 1).Select(rest => (NodeIdentity[])[first, .. rest]));

    private static long Sets(int of, int count)
    {
        long sets = 1;
        for (int i = 0; i < count && sets <= MostSets; i++)
        {
            sets = sets * (of - i) / (i + 1);
        }

        return sets;
    }
}
