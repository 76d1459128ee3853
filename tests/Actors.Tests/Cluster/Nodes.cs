using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>Nodes that exist on paper only.</summary>
internal static class Nodes
{
    /// <summary>Process number <paramref name="start"/> of node <paramref name="n"/> (0-based): "node-1", incarnation "i1.0".</summary>
    public static NodeIdentity Of(int n, int start = 0) => new(
        $"node-{n + 1}", $"i{n + 1}.{start}", $"akka.tcp://moe@127.0.0.1:{7100 + n}", "machine", 1000 + (100 * start) + n, 5, $"unix:/s/{n}.{start}", 2, 8L << 30,
        ProtocolVersion.Build, ProtocolVersion.Current);
}
