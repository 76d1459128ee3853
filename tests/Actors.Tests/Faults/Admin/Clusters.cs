using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Tests.Faults.Admin;

/// <summary>Clusters as the coordinator tells of them.</summary>
internal static class Some
{
    /// <summary>Nodes node-1…node-N on one host, the coordinator on the first, four ranks placed in turns, two MoE layers.</summary>
    public static Topology Cluster(int nodes, long step = 0, bool running = true) => new(
        running, running ? "/run" : "", 3, step, 7, "node-1", [.. Enumerable.Range(1, nodes).Select(n => Node($"node-{n}"))],
        running ? [.. Enumerable.Range(0, 4).Select(r => $"node-{(r % nodes) + 1}")] : [], running ? 2 : 0, running ? 8 : 0);

    /// <summary>A node.</summary>
    public static NodeIdentity Node(string name, string host = "here") =>
        new(name, $"inc-{name}", $"akka.tcp://moe@127.0.0.1:{7000 + name[^1]}", host, 100 + name[^1], 1, "unix:none", 2, 1L << 30, "build", 2);

    /// <summary>A request.</summary>
    public static InjectFault Fault(string kind, string target, long forMs = 0, long afterStep = -1, long afterMs = 0, bool dryRun = false, string request = "", params string[] with) =>
        new(kind, target, with, afterStep, afterMs, forMs, dryRun, "test", request);
}
