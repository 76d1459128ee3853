using MoeActors.Compute.Data;

namespace MoeActors.Host.Reports;

/// <summary>Steps, tokens and samples of a run's surviving history, as its ledger proves them, and for the steps since as far as the log tells.</summary>
/// <param name="Steps">Decided steps.</param>
/// <param name="Tokens">Their tokens.</param>
/// <param name="SkippedSteps">Those of them whose update was left out.</param>
/// <param name="Samples">Their samples.</param>
/// <param name="Evidence">What the counts rest on.</param>
public sealed record ProvenCounts(long Steps, long Tokens, long SkippedSteps, SampleCounts Samples, ReportEvidence Evidence)
{
    private const int MostNamed = 100;

    /// <summary>
    /// PURE: counts a run. Steps are decided in order, so that the newest one stands for all before it, whether or not the log has a line of each; the ledger of the newest checkpoint
    /// says which of them contributed (DA-1). A run that ended as planned has lost the samples that its ledger does not hold.
    /// </summary>
    /// <param name="history">The log.</param>
    /// <param name="ledger">The newest checkpoint's; null where there is none, or it cannot be read.</param>
    /// <param name="globalBatch">Samples of a step.</param>
    /// <param name="tokensPerSample">Tokens of a sample.</param>
    /// <param name="planned">Steps that the run must have decided, as it has ended as planned; null: it has not.</param>
    /// <param name="leftOut">Damaged lines of all logs.</param>
    public static ProvenCounts Of(StepHistory history, SampleLedger? ledger, long globalBatch, long tokensPerSample, long? planned, IReadOnlyList<string> leftOut)
    {
        IReadOnlyList<StepLine> lines = history.Steps;
        long proven = ledger?.Steps ?? 0;
        long steps = Math.Max(proven, lines.Count > 0 ? lines[^1].Step + 1 : 0);
        long skippedSince = lines.LongCount(s => s.Step >= proven && s.Skipped);
        long skipped = (ledger?.SkippedSteps.Count ?? 0) + skippedSince;
        long contributed = (ledger?.Contributed ?? 0) + ((steps - proven - skippedSince) * globalBatch);
        long missing = steps - lines.Count;
        return new ProvenCounts(
            steps,
            lines.Sum(s => s.Tokens) + (missing * globalBatch * tokensPerSample),
            skipped,
            new SampleCounts(contributed, history.RecomputedTokens / tokensPerSample, Math.Max(0, (planned ?? 0) - steps) * globalBatch, 0),
            new ReportEvidence
            {
                Checkpoint = proven > 0 ? proven : null,
                MissingSteps = missing,
                Missing = missing > 0 ? [.. Gaps(lines, steps).Take(MostNamed)] : null,
                LeftOut = leftOut.Count > 0 ? [.. leftOut.Take(MostNamed)] : null,
            });
    }

    private static IEnumerable<string> Gaps(IReadOnlyList<StepLine> lines, long end)
    {
        long next = 0;
        foreach (long step in lines.Select(s => s.Step).Append(end))
        {
            if (step > next)
            {
                yield return step - 1 == next ? $"{next}" : $"{next}–{step - 1}";
            }

            next = step + 1;
        }
    }
}
