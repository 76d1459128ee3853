using MoeActors.Actors.Protocol;

namespace MoeActors.Host.Http;

/// <summary>The words for where a run stands, in <c>/status</c>.</summary>
internal static class RunStates
{
    /// <summary>The run ended and its work is not done.</summary>
    public const string Failed = "failed";

    /// <summary>The word for what the coordinator says.</summary>
    public static string Of(RunStatus status) => status.Outcome.Length > 0 ? status.Outcome.Split(':')[0] : status.Phase switch
    {
        "idle" => "idle",
        "running" or "applying" or "saving" or "evaluating" => "running",
        "finishing" => "stopping",
        "surveying" or "gathering" or "preparing" when status.Epoch > 1 => "recovering",
        _ => "starting",
    };
}
