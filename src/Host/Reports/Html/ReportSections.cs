using System.Text;
using System.Text.Json;
using static MoeActors.Host.Reports.Html.Markup;

namespace MoeActors.Host.Reports.Html;

/// <summary>The tables and texts of the page.</summary>
internal static class ReportSections
{
    public static void Figures(StringBuilder page, RunReport report)
    {
        RunTotals totals = report.Totals;
        (string Name, string Value)[] figures =
        [
            ("training loss", Loss(totals.FinalLoss)),
            ("validation loss", Loss(totals.ValidationLoss)),
            ("steps", Count(totals.Steps)),
            ("tokens", Count(totals.Tokens)),
            ("tokens/s while stepping", Count(totals.TokensPerSecond)),
            ("tokens/s over wall time", Count(totals.EffectiveTokensPerSecond)),
            ("useful time (ETTR)", Percent(totals.Ettr)),
            ("wall time", Ms(totals.WallMs)),
            ("step, median", Ms(totals.StepMs?.P50)),
            ("step, 99th percentile", Ms(totals.StepMs?.P99)),
            ("exposed communication", Percent(totals.ExposedCommunicationShare)),
            ("faults survived", Count(report.Faults.Count(f => f.FirstStepMs is not null))),
            ("steps replayed", Count(totals.ReplayedSteps)),
            .. report.CountsLostTokens ? [("lost tokens (PLT)", Lost(totals.Plt))] : Array.Empty<(string, string)>(),
            ("nodes at the start", Count(report.Run.Nodes)),
            ("logical ranks", Count(report.Run.Ranks)),
        ];
        page.Append("<section class=\"figures\">\n");
        foreach ((string name, string value) in figures)
        {
            page.Append($"<div><b>{value}</b><span>{name}</span></div>\n");
        }

        page.Append("</section>\n");
    }

    public static void Faults(StringBuilder page, IReadOnlyList<FaultRecord> faults)
    {
        page.Append("<h2>Faults and recoveries</h2>\n");
        if (faults.Count == 0)
        {
            page.Append("<p class=\"soft\">None.</p>\n");
            return;
        }

        // Two rows a fault: what is told in words would squeeze the times, or push them out of sight.
        page.Append("<p class=\"soft\">Times run from the fault to the end of each phase.</p>\n<div class=\"scroll\"><table class=\"faults\">\n<tr><th class=\"left\">fault</th><th class=\"left\">target</th>");
        page.Append("<th>step</th><th class=\"left\">phase</th><th>detected</th><th>decided</th><th>fetched</th><th>restored</th><th>rejoined</th><th>first step</th>");
        page.Append("<th>steps replayed</th><th>PLT</th></tr>\n");
        foreach (FaultRecord f in faults)
        {
            page.Append($"<tr class=\"with\"><td class=\"left\">{Text(f.Kind)}{(f.Injected ? " <span class=\"soft\">injected</span>" : "")}</td><td class=\"left\">{Text(f.Target)}</td>");
            page.Append($"<td>{f.AtStep}</td><td class=\"left\">{Text(f.Phase)}</td><td>{Ms(f.DetectedMs)}</td><td>{Ms(f.DecidedMs)}</td><td>{Ms(f.FetchedMs)}</td>");
            page.Append($"<td>{Ms(f.RestoredMs)}</td><td>{Ms(f.RejoinedMs)}</td><td><b>{Ms(f.FirstStepMs)}</b></td><td>{f.LostSteps}</td><td>{Lost(f.Plt)}</td></tr>\n");
            page.Append($"<tr><td class=\"left\" colspan=\"12\"><span class=\"soft\">recovered from</span> <b>{Text(f.Rung ?? "–")}</b> {Text(f.Reason)}</td></tr>\n");
        }

        page.Append("</table></div>\n");
    }

    public static void Checkpoints(StringBuilder page, IReadOnlyList<CheckpointRecord> checkpoints)
    {
        page.Append("<h2>Checkpoints</h2>\n");
        if (checkpoints.Count == 0)
        {
            page.Append("<p class=\"soft\">None.</p>\n");
            return;
        }

        page.Append("<div class=\"scroll\"><table>\n<tr><th>step</th><th class=\"left\">kind</th><th>size</th><th>largest rank</th><th>stall</th><th>copied in</th><th>persisted in</th><th>verified</th></tr>\n");
        foreach (CheckpointRecord c in checkpoints)
        {
            page.Append($"<tr><td>{c.Step}</td><td class=\"left\">{Text(c.Kind)}</td><td>{Bytes(c.Bytes)}</td><td>{Bytes(c.BytesPerRank.Count > 0 ? c.BytesPerRank.Max() : 0)}</td>");
            page.Append($"<td>{Ms(c.StallMs)}</td><td>{Ms(c.SnapshotMs)}</td><td>{Ms(c.PersistMs)}</td><td>{(c.Verified ? "yes" : "no")}</td></tr>\n");
        }

        page.Append("</table></div>\n");
    }

    public static void Sample(StringBuilder page, GeneratedSample? sample)
    {
        if (sample is not null)
        {
            page.Append($"<h2>Text from the trained model</h2>\n<pre><b>{Text(sample.Prompt)}</b>{Text(sample.Text)}</pre>\n");
        }
    }

    public static void Record(StringBuilder page, RunReport report)
    {
        SampleCounts s = report.Samples;
        page.Append("<h2>Record</h2>\n<div class=\"scroll\"><table>\n");
        page.Append($"<tr><td class=\"left\">samples</td><td class=\"left\">{Count(s.Contributed)} contributed once · {Count(s.Recomputed)} recomputed · {Count(s.Lost)} lost · {Count(s.Repeated)} repeated</td></tr>\n");
        if (report.Evidence is { } evidence)
        {
            Evidence(page, evidence);
        }

        page.Append($"<tr><td class=\"left\">seed</td><td class=\"left\">{report.Run.Seed}</td></tr>\n");
        page.Append($"<tr><td class=\"left\">weights hash</td><td class=\"left\">{Hash(report.Totals.WeightsHash)}</td></tr>\n<tr><td class=\"left\">state hash</td><td class=\"left\">{Hash(report.Totals.StateHash)}</td></tr>\n");
        foreach (StateMark mark in report.StateHashes ?? [])
        {
            page.Append($"<tr><td class=\"left\">after step {mark.Step}</td><td class=\"left\">{Hash(mark.WeightsHash)} weights, {Hash(mark.StateHash)} state</td></tr>\n");
        }

        page.Append($"</table></div>\n<details><summary>Configuration of the run</summary>\n<pre>{Text(JsonSerializer.Serialize(report.Run.Config, ReportJson.Indented))}</pre></details>\n");
    }

    private static void Evidence(StringBuilder page, ReportEvidence evidence)
    {
        page.Append($"<tr><td class=\"left\">counted by</td><td class=\"left\">{(evidence.Checkpoint is { } step ? $"the ledger of checkpoint {step}" : "the log of steps")}</td></tr>\n");
        if (evidence.Missing is { } missing)
        {
            page.Append($"<tr><td class=\"left\">missing</td><td class=\"left wrap\">{Count(evidence.MissingSteps)} steps have no line in {StepsLog.FileName}: {Text(string.Join(", ", missing))}</td></tr>\n");
        }

        foreach (string line in evidence.LeftOut ?? [])
        {
            page.Append($"<tr><td class=\"left\">left out</td><td class=\"left wrap\">{Text(line)}</td></tr>\n");
        }
    }
}
