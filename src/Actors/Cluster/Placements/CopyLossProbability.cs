namespace MoeActors.Actors.Cluster.Placements;

/// <summary>
/// PURE: how likely it is that losses at one moment destroy the last copy of something, so that a run goes back to a checkpoint. Fault domains (machines, or nodes where each stands alone) are lost, any
/// <c>k</c> of them with the same likelihood. A node's units are lost with the domains of the node and of all holders of its copies.
/// </summary>
public static class CopyLossProbability
{
    /// <summary>
    /// Upper bound by the union over the smallest sets S of domains that hold all of something: Σ C(D − |S|, k − |S|) / C(D, k), at most 1. Zero exactly where nothing can be lost, and exact for the smallest
    /// number of losses that can destroy anything.
    /// </summary>
    /// <param name="plan">Who holds copies of whose units.</param>
    /// <param name="domainOf">By node index: its fault domain.</param>
    /// <param name="losses">Domains lost at once, k.</param>
    public static double Bound(CopyPlan plan, IReadOnlyList<int> domainOf, int losses)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(domainOf);
        int domains = domainOf.Distinct().Count();
        int k = Math.Clamp(losses, 0, domains);
        HashSet<int>[] held = [.. plan.HostsOf.Select((hosts, n) => hosts.Append(n).Select(i => domainOf[i]).ToHashSet())];
        var smallest = new List<HashSet<int>>();
        foreach (HashSet<int> set in held.OrderBy(s => s.Count))
        {
            // Whatever holds all of a larger set holds all of a smaller one in it.
            if (!smallest.Exists(s => s.IsSubsetOf(set)))
            {
                smallest.Add(set);
            }
        }

        return Math.Min(1, smallest.Where(s => s.Count <= k).Sum(s => Share(s.Count, k, domains)));
    }

    /// <summary>C(D − s, k − s) / C(D, k) = Π (k − i) / (D − i): how likely given <paramref name="s"/> domains are among the <paramref name="k"/> lost.</summary>
    private static double Share(int s, int k, int domains)
    {
        double share = 1;
        for (int i = 0; i < s; i++)
        {
            share *= (double)(k - i) / (domains - i);
        }

        return share;
    }
}
