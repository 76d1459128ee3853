namespace MoeActors.Host.Http;

/// <summary>What <c>/health</c> says of a node: whether it does its work now, as far as the node itself can know.</summary>
internal static class NodeHealth
{
    /// <summary>The answer of a node that is well.</summary>
    public const string Ok = "ok";

    /// <summary>How long the cluster may be without a coordinator that answers, as it is while another takes over, before the node says that it is not well.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>"ok", or in a sentence what is wrong.</summary>
    /// <param name="state">State of the run, as <see cref="StatusPage.State"/> names it.</param>
    /// <param name="sinceAnswer">Time since the coordinator last answered this node; null = it has not yet.</param>
    public static string Of(string state, TimeSpan? sinceAnswer) => sinceAnswer switch
    {
        null => "starting: no coordinator has answered this node yet",
        { } since when since > Patience => $"no coordinator has answered this node for {since.TotalSeconds:0} s",
        _ when state == RunStates.Failed => "the run has failed: the node's log and the report say why",
        _ => Ok,
    };
}
