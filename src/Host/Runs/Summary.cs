using MoeActors.Host.Progress;
using MoeActors.Host.Reports;

namespace MoeActors.Host.Runs;

/// <summary>The end of a run in a few lines. A figure that is not known has no place in it.</summary>
internal static class Summary
{
    /// <summary>Writes the lines.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="report">The report.</param>
    /// <param name="path">Where it was written; null where it could not be.</param>
    /// <param name="sample">A sample of text.</param>
    public static void Write(TextWriter output, RunReport report, string? path, GeneratedSample? sample)
    {
        RunTotals t = report.Totals;
        output.WriteLine($"{t.Outcome}: {t.Steps} steps, {t.Tokens} tokens"
            + (t.TokensPerSecond > 0 ? $", {t.TokensPerSecond:0} tokens/s" : "")
            + (t.FinalLoss is { } loss ? $", loss {loss:0.0000}" : "")
            + (t.ValidationLoss is { } v ? $", validation loss {v:0.0000}" : ""));
        if (report.Faults.Count > 0)
        {
            output.WriteLine($"faults: {report.Faults.Count}, steps computed again: {t.ReplayedSteps}, useful share of the time (ETTR): {t.Ettr:0.000}"
                + (report.CountsLostTokens ? $", lost tokens (PLT): {t.Plt * 100:0.00} %" : ""));
        }

        if (report.Evidence is { } evidence)
        {
            Missing(output, evidence, t.Steps);
        }

        if (t.WeightsHash is not null)
        {
            output.WriteLine($"weights {t.WeightsHash}  state {t.StateHash}");
        }

        if (path is not null)
        {
            output.WriteLine($"report: {path} and report.html beside it");
        }

        if (sample is not null)
        {
            output.WriteLine();
            output.WriteLine(string.Join('\n', (sample.Prompt + sample.Text).ReplaceLineEndings("\n").Split('\n').Select(ProgressText.Printable)));
        }
    }

    private static void Missing(TextWriter output, ReportEvidence evidence, long steps)
    {
        if (evidence.Missing is { } missing)
        {
            output.WriteLine($"missing: {evidence.MissingSteps} of {steps} steps have no line in {StepsLog.FileName} ({string.Join(", ", missing.Take(5))}{(missing.Count > 5 ? ", …" : "")}): their figures are in no curve and no mean");
        }

        foreach (string line in evidence.LeftOut?.Take(5) ?? [])
        {
            output.WriteLine(line);
        }
    }
}
