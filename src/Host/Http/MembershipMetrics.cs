using Prometheus;

namespace MoeActors.Host.Http;

/// <summary>The cluster's membership as this node sees it.</summary>
public static class MembershipMetrics
{
    /// <summary>Nodes up.</summary>
    public static Gauge NodesUp { get; } = MetricsSetup.Gauge("moe_nodes_up", "Nodes that are up.");

    /// <summary>Nodes the run should have.</summary>
    public static Gauge NodesWanted { get; } = MetricsSetup.Gauge("moe_nodes_wanted", "Nodes the run should have.");

    /// <summary>Epoch of the run.</summary>
    public static Gauge Epoch { get; } = MetricsSetup.Gauge("moe_epoch", "Epoch of the run; grows with every change of membership.");
}
