using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Faults;

/// <summary>PURE: which node looks whether a fault took. Never the target (AD-1).</summary>
internal static class FaultObservers
{
    /// <summary>
    /// The observer: of a link with a second end that end, for a fault of one process a node of the same host where there is one (it can read the process table), and
    /// rather not the coordinator's node where the coordinator is what falls. Null when there is no other node.
    /// </summary>
    public static NodeIdentity? Choose(FaultKind kind, ResolvedTarget target, Topology cluster)
    {
        NodeIdentity victim = target.Nodes[0];
        if (kind.Form == TargetForm.Link)
        {
            return target.Nodes[1];
        }

        bool told = kind.Evidence is Evidence.Abort or Evidence.Skip;
        return cluster.Nodes
            .Where(n => n.Incarnation != victim.Incarnation)

            // Ends of epochs and decisions are told to those who take part.
            .OrderByDescending(n => told && cluster.RankNodes.Contains(n.Name))
            .ThenByDescending(n => n.Host == victim.Host)
            .ThenBy(n => n.Name == cluster.Coordinator)
            .ThenBy(n => n.Name, StringComparer.Ordinal)
            .FirstOrDefault();
    }
}
