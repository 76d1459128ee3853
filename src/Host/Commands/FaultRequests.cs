using MoeActors.Host.Configuration;

namespace MoeActors.Host.Commands;

/// <summary>A running cluster as a command names it: by a node's address, or by the run directory of `moe train`.</summary>
/// <param name="Address">A node of the cluster; null = those in the run directory.</param>
/// <param name="RunDirectory">Run directory, absolute; null where an address is given.</param>
/// <param name="Settings">Settings of this process: secret, TLS.</param>
internal sealed record ClusterPlace(NodeAddress? Address, string? RunDirectory, MoeSettings Settings);

/// <summary><c>moe fault list</c>.</summary>
/// <param name="Json">Print JSON.</param>
internal sealed record FaultListRequest(bool Json);

/// <summary><c>moe fault inject</c>.</summary>
/// <param name="Cluster">The cluster.</param>
/// <param name="Kind">Kind.</param>
/// <param name="Target">Target.</param>
/// <param name="Parameters">"name=value".</param>
/// <param name="AfterStep">Completed steps to wait for; -1 = none.</param>
/// <param name="After">Time to wait.</param>
/// <param name="For">How long it lasts; zero = a moment.</param>
/// <param name="DryRun">Check only.</param>
/// <param name="Detach">Return once it is accepted.</param>
/// <param name="Json">Print JSON.</param>
internal sealed record FaultInjectRequest(
    ClusterPlace Cluster, string Kind, string Target, IReadOnlyList<string> Parameters, long AfterStep, TimeSpan After, TimeSpan For, bool DryRun, bool Detach, bool Json);

/// <summary><c>moe fault status</c>.</summary>
/// <param name="Cluster">The cluster.</param>
/// <param name="Id">One fault; null = all.</param>
/// <param name="Json">Print JSON.</param>
internal sealed record FaultStatusRequest(ClusterPlace Cluster, string? Id, bool Json);

/// <summary><c>moe fault cancel</c>.</summary>
/// <param name="Cluster">The cluster.</param>
/// <param name="Id">The fault.</param>
/// <param name="Json">Print JSON.</param>
internal sealed record FaultCancelRequest(ClusterPlace Cluster, string Id, bool Json);

/// <summary><c>moe chaos run</c>.</summary>
/// <param name="File">Campaign: a name in hocon/chaos, or a file.</param>
/// <param name="Settings">Where its run gets its settings besides the campaign's own.</param>
/// <param name="RunDirectory">Where the run keeps everything; null = below runs.</param>
/// <param name="Seed">Seed instead of the campaign's; null = the campaign's.</param>
/// <param name="DryRun">Print the schedule, run nothing.</param>
/// <param name="Json">Print JSON.</param>
internal sealed record ChaosRunRequest(string File, SettingsRequest Settings, string? RunDirectory, long? Seed, bool DryRun, bool Json);
