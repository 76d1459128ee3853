using MoeActors.Actors.Protocol;

namespace MoeActors.Host.Progress;

/// <summary>The coordinator's status as people see it.</summary>
internal static class StatusProgress
{
    /// <summary>A snapshot for the progress display.</summary>
    public static ProgressSnapshot Of(RunStatus status)
    {
        double left = (status.Steps - status.Step) * SecondsPerStep(status);
        string? message = status.Phase switch
        {
            "running" => null,
            // A run that has made no step under this coordinator has lost nobody that would have to be replaced: it is resumed, say.
            "gathering" => status.Epoch > 0 && double.IsFinite(status.Loss) ? "waiting for a replacement" : "waiting for nodes",
            "surveying" => "recovering",
            "preparing" => status.Epoch > 1 ? "recovering" : "preparing",
            "evaluating" => "evaluating",
            "finishing" => "writing the last checkpoint",
            _ => null,
        };
        return new ProgressSnapshot(
            status.Step, status.Steps, status.Loss, double.IsNaN(status.ValidationLoss) ? null : status.ValidationLoss, status.TokensPerSecond,
            status.Outcome.Length == 0 && left > 0 && double.IsFinite(left) ? TimeSpan.FromSeconds(left) : null, status.NodesUp, status.NodesWanted,
            status.Checkpoint >= 0 ? status.Checkpoint : null, status.SlowestRank >= 0 ? status.SlowestRank : null, status.Epoch, message)
        {
            Plt = double.IsNaN(status.Plt) ? null : status.Plt,
            Ettr = double.IsNaN(status.Ettr) ? null : status.Ettr,
        };
    }

    /// <summary>What an event of the coordinator is about.</summary>
    public static ProgressEventKind KindOf(string text) => text switch
    {
        _ when text.StartsWith("Dynamic-K", StringComparison.Ordinal) => ProgressEventKind.Info,
        _ when text.StartsWith("report incomplete", StringComparison.Ordinal) => ProgressEventKind.Warning,
        _ when text.Contains(" is lost", StringComparison.Ordinal) || text.Contains(" failed", StringComparison.Ordinal)
            || text.Contains(" has not got on for ", StringComparison.Ordinal) => ProgressEventKind.Fault,
        _ when text.Contains("FAILED", StringComparison.Ordinal) || text.Contains("not finite", StringComparison.Ordinal)
            || text.Contains("exceeds checkpoint.plt-budget", StringComparison.Ordinal) => ProgressEventKind.Warning,
        _ when text.Contains("recovered", StringComparison.Ordinal) || text.Contains("takes over", StringComparison.Ordinal) => ProgressEventKind.Recovery,
        _ when text.StartsWith("checkpoint", StringComparison.Ordinal) => ProgressEventKind.Checkpoint,
        _ when text.Contains(" is up", StringComparison.Ordinal) || text.Contains(" is gone", StringComparison.Ordinal) => ProgressEventKind.Membership,
        _ => ProgressEventKind.Info,
    };

    private static double SecondsPerStep(RunStatus status) => status.SecondsPerStep > 0 ? status.SecondsPerStep : double.PositiveInfinity;
}
