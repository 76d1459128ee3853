using MoeActors.Host.Reports;

namespace MoeActors.Host.Runs;

/// <summary>The end of a run in a few lines.</summary>
internal static class Summary
{
    /// <summary>Writes the lines.</summary>
    public static void Write(TextWriter output, RunReport report, string path, GeneratedSample? sample)
    {
        RunTotals t = report.Totals;
        output.WriteLine($"{t.Outcome}: {t.Steps} steps, {t.Tokens} tokens, {t.TokensPerSecond:0} tokens/s, loss {t.FinalLoss:0.0000}"
            + (t.ValidationLoss is { } v ? $", validation loss {v:0.0000}" : ""));
        if (report.Faults.Count > 0)
        {
            output.WriteLine($"faults: {report.Faults.Count}, steps computed again: {t.ReplayedSteps}, useful share of the time (ETTR): {t.Ettr:0.000}"
                + (report.CountsLostTokens ? $", lost tokens (PLT): {t.Plt * 100:0.00} %" : ""));
        }

        if (t.WeightsHash is not null)
        {
            output.WriteLine($"weights {t.WeightsHash}  state {t.StateHash}");
        }

        output.WriteLine($"report: {path} and report.html beside it");
        if (sample is not null)
        {
            output.WriteLine();
            output.WriteLine(sample.Prompt + sample.Text);
        }
    }
}
