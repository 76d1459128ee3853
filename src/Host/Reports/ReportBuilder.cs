namespace MoeActors.Host.Reports;

/// <summary>Builds the report of a run from its logs. Pure: the same input gives the same report.</summary>
public static class ReportBuilder
{
    /// <summary>The report of <paramref name="input"/>.</summary>
    public static RunReport Build(ReportInput input)
    {
        RunTotals totals = Total(input);
        return new()
        {
            Schema = RunReport.CurrentSchema,
            Run = input.Run,
            Steps = input.History.Steps,
            Checkpoints = CheckpointStalls.Fill(input.Checkpoints, input.History.Steps),
            Faults = input.Faults,
            Samples = input.Counts.Samples,
            Evidence = input.Counts.Evidence,
            Totals = totals,
            Overhead = OverheadReport.Of(input, totals),
            StateHashes = input.StateHashes.Count > 0 ? input.StateHashes : null,
            Generated = input.Generated,
        };
    }

    /// <summary>Useful time of <paramref name="steps"/> in ms: what went into steps that survived and changed the weights, without checkpoint stalls.</summary>
    public static double UsefulMs(IEnumerable<StepLine> steps) => steps.Sum(LiveEttr.UsefulMs);

    private static RunTotals Total(ReportInput input)
    {
        IReadOnlyList<StepLine> steps = input.History.Steps;
        long tokens = input.Counts.Tokens;
        double stepping = steps.Sum(s => s.Ms);
        double wall = input.Wall.TotalMilliseconds;
        return new()
        {
            Steps = input.Counts.Steps,
            Tokens = tokens,
            TokensPerSecond = PerSecond(steps.Sum(s => s.Tokens), stepping),
            Ettr = Math.Clamp(Ratio(UsefulMs(steps), wall), 0, 1),
            Plt = steps.LastOrDefault(s => s.Plt is not null)?.Plt ?? input.Faults.Sum(f => f.Plt),
            FinalLoss = steps.LastOrDefault(s => double.IsFinite(s.Loss))?.Loss,
            ValidationLoss = input.ValidationLoss ?? steps.LastOrDefault(s => s.ValidationLoss is not null)?.ValidationLoss,
            WeightsHash = input.WeightsHash,
            StateHash = input.StateHash,
            Outcome = input.Outcome,
            OutcomeReason = input.OutcomeReason,
            WallMs = wall,
            EffectiveTokensPerSecond = PerSecond(tokens, wall),
            ReplayedSteps = input.History.Replayed,
            SkippedSteps = input.Counts.SkippedSteps,
            Dropped = steps.Sum(s => s.Dropped),
            ExposedCommunicationShare = Ratio(steps.Sum(s => s.ExposedCommunicationMs), stepping),
            StepMs = Percentiles.Of(steps.Select(s => s.Ms)),
            RecoveryMs = Percentiles.Of(input.Faults.Where(f => f.FirstStepMs is not null).Select(f => f.FirstStepMs!.Value)),
        };
    }

    private static double PerSecond(long tokens, double ms) => Ratio(tokens, ms / 1000);

    private static double Ratio(double part, double whole) => whole > 0 ? part / whole : 0;
}
