using MoeActors.Actors.Protocol;
using MoeActors.Host.Commands;

namespace MoeActors.Host.Runs;

/// <summary>PURE: the exit code of a run that the cluster itself ended or refused, by the kind of failure it named.</summary>
internal static class OutcomeCodes
{
    /// <summary>The code for a failure.</summary>
    public static int Of(FailureCause cause) => cause switch
    {
        FailureCause.Configuration => ExitCodes.Configuration,
        FailureCause.Data => ExitCodes.Data,
        FailureCause.Checkpoint => ExitCodes.Checkpoint,
        FailureCause.Resources => ExitCodes.Resources,
        FailureCause.NonFinite => ExitCodes.NonFinite,
        FailureCause.RestartBudget => ExitCodes.RestartBudget,
        FailureCause.Poison => ExitCodes.Poison,
        _ => ExitCodes.Unexpected,
    };
}
