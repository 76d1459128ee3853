using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Cluster.Placements;

/// <summary>Which nodes hold copies of which nodes' units, and why.</summary>
/// <param name="HostsOf">By node index: indices of the nodes that hold copies of its units.</param>
/// <param name="Reason">For people.</param>
public sealed record CopyPlan(IReadOnlyList<IReadOnlyList<int>> HostsOf, string Reason)
{
    /// <summary>Nobody holds a copy of anything.</summary>
    public static CopyPlan None(int nodes) => new([.. Enumerable.Repeat<IReadOnlyList<int>>([], nodes)], "no copies");

    /// <summary>Nodes whose units <paramref name="node"/> holds copies of.</summary>
    public IEnumerable<int> OwnersAt(int node) => Enumerable.Range(0, HostsOf.Count).Where(n => HostsOf[n].Contains(node));
}

/// <summary>
/// PURE: places the copies of each node's units on its successors in the ring of nodes, on other machines first: every node holds as many as it has, no node holds a copy of its own, and a node that
/// comes back under its old name finds its neighbours as they were. All nodes come to the same plan without a message.
/// </summary>
public static class CopyPlacement
{
    /// <summary>Places copies.</summary>
    /// <param name="copies">Copies wanted of each unit.</param>
    /// <param name="nodes">The members, in node-index order.</param>
    public static CopyPlan Plan(int copies, IReadOnlyList<NodeIdentity> nodes)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        return Plan(copies, [.. nodes.Select(n => n.Host)]);
    }

    /// <summary>Places copies on nodes of which only the machines are known.</summary>
    /// <param name="copies">Copies wanted of each unit.</param>
    /// <param name="machines">Each node's machine, in node-index order.</param>
    public static CopyPlan Plan(int copies, IReadOnlyList<string> machines)
    {
        ArgumentNullException.ThrowIfNull(machines);
        int each = Math.Min(copies, machines.Count - 1);
        if (each <= 0)
        {
            return CopyPlan.None(machines.Count) with { Reason = copies <= 0 ? "recovery.copies = 0" : "one node: there is no other to hold a copy" };
        }

        var hosts = new IReadOnlyList<int>[machines.Count];
        bool apart = true;
        for (int n = 0; n < machines.Count; n++)
        {
            int[] ring = [.. Enumerable.Range(1, machines.Count - 1).Select(d => (n + d) % machines.Count)];
            hosts[n] = [.. ring.OrderBy(o => machines[o] == machines[n]).Take(each)];
            apart &= hosts[n].All(o => machines[o] != machines[n]);
        }

        string less = each < copies ? $" ({copies} wanted, {each} other nodes)" : "";
        return new CopyPlan(hosts, $"{each} {(each == 1 ? "copy" : "copies")} of each unit{less}, on {(apart ? "another machine" : "another node")}");
    }
}
