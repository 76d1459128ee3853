using System.Globalization;

using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Faults;

/// <summary>What a target means in the cluster of this moment.</summary>
/// <param name="Nodes">The node it happens on; of a link the sending end first.</param>
/// <param name="Actor">Name of the actor; empty = the node itself.</param>
/// <param name="BothWays">Of a link: both directions.</param>
internal sealed record ResolvedTarget(IReadOnlyList<NodeIdentity> Nodes, string Actor, bool BothWays);

/// <summary>PURE: finds a target in the cluster; the reason in words where it is not there or not of the form that the kind needs.</summary>
internal static class FaultTarget
{
    /// <summary>Resolves <paramref name="text"/> for <paramref name="kind"/>.</summary>
    public static (ResolvedTarget? Target, string Reason) Resolve(FaultKind kind, string text, Topology cluster)
    {
        return kind.Form switch
        {
            TargetForm.Node => Node(text, cluster),
            TargetForm.Coordinator when text == "coordinator" => Node(text, cluster),
            TargetForm.Coordinator => (null, $"target '{text}': expected coordinator"),
            TargetForm.Link => Link(text, cluster),
            TargetForm.Rank when Rank(text, cluster) is { } rank => rank,
            TargetForm.Shard when Shard(text, cluster) is { } shard => shard,
            TargetForm.RankOrShard when (Rank(text, cluster) ?? Shard(text, cluster)) is { } either => either,
            _ => (null, $"target '{text}': expected {Expected(kind.Form, cluster)}"),
        };
    }

    private static (ResolvedTarget?, string) Node(string text, Topology cluster)
    {
        string name = text == "coordinator" ? cluster.Coordinator : text;
        return cluster.Nodes.FirstOrDefault(n => n.Name == name) is { } node
            ? (new ResolvedTarget([node], "", false), "")
            : (null, $"target '{text}': no such node; there are {Names(cluster)}");
    }

    private static (ResolvedTarget?, string) Link(string text, Topology cluster)
    {
        string[] ends = text.Split('>', '=');
        NodeIdentity?[] nodes = [.. ends.Select(e => cluster.Nodes.FirstOrDefault(n => n.Name == e))];
        return ends.Length != 2 || nodes.Contains(null) || ends[0] == ends[1]
            ? (null, $"target '{text}': expected two of {Names(cluster)}, as A>B (what A sends to B) or A=B (both ways)")
            : (new ResolvedTarget([nodes[0]!, nodes[1]!], "", text.Contains('=', StringComparison.Ordinal)), "");
    }

    private static (ResolvedTarget?, string)? Rank(string text, Topology cluster) =>
        text.StartsWith("rank-", StringComparison.Ordinal) && Number(text["rank-".Length..], cluster.RankNodes.Count) is { } rank ? Of(rank, text, cluster) : null;

    private static (ResolvedTarget?, string)? Shard(string text, Topology cluster)
    {
        string[] parts = text.Split('-');
        return parts is ["expert", "shard", _, _] && Number(parts[2], cluster.MoeLayers) is not null && Number(parts[3], cluster.RankNodes.Count) is { } rank
            ? Of(rank, text, cluster)
            : null;
    }

    private static (ResolvedTarget?, string) Of(int rank, string actor, Topology cluster) =>
        cluster.Nodes.FirstOrDefault(n => n.Name == cluster.RankNodes[rank]) is { } node
            ? (new ResolvedTarget([node], actor, false), "")
            : (null, $"target '{actor}': its node {cluster.RankNodes[rank]} is not there at the moment");

    private static int? Number(string text, int below) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n < below ? n : null;

    private static string Names(Topology cluster) => cluster.Nodes.Count == 0 ? "none" : string.Join(", ", cluster.Nodes.Select(n => n.Name).Order(StringComparer.Ordinal));

    private static string Expected(TargetForm form, Topology cluster) => cluster.RankNodes.Count == 0
        ? "a rank or expert shard of a run, and there is no run"
        : form switch
        {
            TargetForm.Rank => $"rank-R with R below {cluster.RankNodes.Count}",
            TargetForm.Shard => $"expert-shard-LAYER-RANK with LAYER below {cluster.MoeLayers} and RANK below {cluster.RankNodes.Count}",
            _ => $"rank-R or expert-shard-LAYER-RANK with LAYER below {cluster.MoeLayers} and R, RANK below {cluster.RankNodes.Count}",
        };
}
