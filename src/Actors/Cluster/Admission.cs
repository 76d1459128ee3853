using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Cluster;

/// <summary>PURE: may this node take part?</summary>
public static class Admission
{
    /// <summary>Reason of the refusal, or null.</summary>
    public static string? Check(NodeIdentity node, CoordinatorState state, bool severalMachinesAllowed, bool mixedBuilds = false)
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

        NodeIdentity? unlike = state.Members.Values.FirstOrDefault(n => n.Host == node.Host && n.Journal != node.Journal);
        if (unlike is not null)
        {
            // A coordinator that moved to that node would find no run in its journal, and the run would stand still without a word.
            return $"{node.Name} has its journal in {node.Journal}, {unlike.Name} in {unlike.Journal}: any of them may become the coordinator's node and must find the same; give the nodes of one machine the same --data-dir and persistence settings";
        }

        NodeIdentity? elsewhere = state.Members.Values.FirstOrDefault(n => n.Host != node.Host);
        return elsewhere is not null && !severalMachinesAllowed
            ? $"{node.Name} is on machine {node.Host}, {elsewhere.Name} on {elsewhere.Host}: several machines need persistence.provider = postgresql and a shared run folder; SQLite serves one machine"
            : null;
    }
}
