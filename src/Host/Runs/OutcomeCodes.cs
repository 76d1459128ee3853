using MoeActors.Host.Commands;

namespace MoeActors.Host.Runs;

/// <summary>PURE: the exit code of a run that the cluster itself ended, by the reason it gave.</summary>
internal static class OutcomeCodes
{
    private static readonly (string Sign, int Code)[] Signs =
    [
        ("failed: poison", ExitCodes.Poison),
        ("failure without a step between", ExitCodes.RestartBudget),
        ("non-finite", ExitCodes.NonFinite),
        ("could not be written", ExitCodes.Resources),
        ("needs", ExitCodes.Resources),
        ("this node's text", ExitCodes.Data),
        ("this node's tokenizer", ExitCodes.Data),
        ("no such file or folder", ExitCodes.Data),
        ("checkpoint", ExitCodes.Checkpoint),
    ];

    /// <summary>The code for an outcome "failed: …".</summary>
    public static int Of(string outcome) =>
        Signs.FirstOrDefault(s => outcome.Contains(s.Sign, StringComparison.Ordinal)) is { Sign: not null } known ? known.Code : ExitCodes.Unexpected;
}
