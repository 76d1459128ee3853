using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Cluster.Placements;

/// <summary>Which node holds which logical rank, and why.</summary>
/// <param name="Nodes">Members in node-index order.</param>
/// <param name="NodeOfRank">Node index of each logical rank.</param>
/// <param name="Reason">For people.</param>
public sealed record Placement(IReadOnlyList<NodeIdentity> Nodes, IReadOnlyList<int> NodeOfRank, string Reason);

/// <summary>
/// PURE: places logical ranks on nodes. Ranks stay where they are as long as their node lives and carries no more than its share; the
/// others go to the nodes with the fewest. Placement never changes arithmetic (DT-1).
/// </summary>
internal static class PlacementPlanner
{
    /// <summary>Places <paramref name="ranks"/> logical ranks on <paramref name="members"/>.</summary>
    /// <param name="ranks">Logical ranks.</param>
    /// <param name="members">Nodes, any order; at least one.</param>
    /// <param name="previous">Placement of the epoch before, or null.</param>
    public static Placement Plan(int ranks, IReadOnlyList<NodeIdentity> members, Placement? previous)
    {
        NodeIdentity[] nodes = members.OrderBy(n => n.Name, StringComparer.Ordinal).ThenBy(n => n.Incarnation, StringComparer.Ordinal).Take(ranks).ToArray();
        int[] nodeOf = Enumerable.Repeat(-1, ranks).ToArray();
        int[] held = new int[nodes.Length];
        int ceiling = (ranks + nodes.Length - 1) / nodes.Length, floor = ranks / nodes.Length, atCeiling = ranks - (floor * nodes.Length);
        int full = 0, kept = 0;
        for (int r = 0; r < ranks && previous is not null; r++)
        {
            NodeIdentity old = previous.Nodes[previous.NodeOfRank[r]];
            int at = Array.FindIndex(nodes, n => n.Incarnation == old.Incarnation);
            if (at < 0 || held[at] >= ceiling || (held[at] >= floor && full >= atCeiling))
            {
                continue;
            }

            nodeOf[r] = at;
            kept++;
            if (++held[at] > floor)
            {
                full++;
            }
        }

        for (int r = 0; r < ranks; r++)
        {
            if (nodeOf[r] < 0)
            {
                // A replacement under a lost node's name takes that node's ranks before others are considered.
                string? oldName = previous?.Nodes[previous.NodeOfRank[r]].Name;
                int at = Array.FindIndex(nodes, n => n.Name == oldName);
                if (at < 0 || held[at] >= ceiling || (held[at] >= floor && full >= atCeiling))
                {
                    at = Array.IndexOf(held, held.Min());
                }

                nodeOf[r] = at;
                if (++held[at] > floor)
                {
                    full++;
                }
            }
        }

        string reason = previous is null
            ? $"{ranks} ranks spread evenly over {nodes.Length} nodes"
            : $"{kept} of {ranks} ranks stay on their nodes, {ranks - kept} move";
        return new Placement(nodes, nodeOf, reason);
    }
}
