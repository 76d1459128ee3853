using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>PURE: may this node take part?</summary>
internal static class Admission
{
    /// <summary>Reason of the refusal, or null.</summary>
    /// <param name="node">Who asks.</param>
    /// <param name="state">The cluster as the coordinator knows it.</param>
    /// <param name="severalMachinesAllowed">Whether the journal can be reached from several machines.</param>
    /// <param name="mixedBuilds">Whether nodes of another build may take part.</param>
    /// <param name="coordinator">The coordinator's own node; null: nothing is asked of the journal's place.</param>
    public static string? Check(NodeIdentity node, CoordinatorState state, bool severalMachinesAllowed, bool mixedBuilds = false, NodeIdentity? coordinator = null)
    {
        if (node.Protocol != ProtocolVersion.Current)
        {
            return $"{node.Name} speaks protocol {node.Protocol}, this cluster {ProtocolVersion.Current}: install the same version on every node";
        }

        if (node.Build != ProtocolVersion.Build && !mixedBuilds)
        {
            return $"{node.Name} runs another build ({node.Build[..Math.Min(8, node.Build.Length)]}, this cluster {ProtocolVersion.Build[..8]}): results would differ; install the same build on every node, or set cluster.mixed-builds = on while you replace them one by one";
        }

        NodeIdentity? namesake = state.Members.Values.FirstOrDefault(n => n.Name == node.Name && n.Host != node.Host);
        if (namesake is not null)
        {
            // On one machine it is the former process of that node; on two they would push each other out for ever.
            return $"a node named {node.Name} is up on machine {namesake.Host}: give each node its own node.name";
        }

        if (coordinator is not null && coordinator.Host == node.Host && coordinator.Journal != node.Journal)
        {
            // A coordinator that moved to that node would find no run in its journal, and the run would stand still without a word.
            return $"{node.Name} has its journal in {node.Journal}, the coordinator's node {coordinator.Name} in {coordinator.Journal}: any node may become the coordinator's and must find the same; give the nodes of one machine the same --data-dir and persistence settings";
        }

        NodeIdentity? elsewhere = state.Members.Values.FirstOrDefault(n => n.Host != node.Host);
        return elsewhere is not null && !severalMachinesAllowed
            ? $"{node.Name} is on machine {node.Host}, {elsewhere.Name} on {elsewhere.Host}: several machines need persistence.provider = postgresql and a shared run folder; SQLite serves one machine"
            : null;
    }
}
