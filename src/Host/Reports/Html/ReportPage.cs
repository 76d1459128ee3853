using System.Text;
using static MoeActors.Host.Reports.Html.Markup;

namespace MoeActors.Host.Reports.Html;

/// <summary>The report as one self-contained page: no script, no outside resource, light or dark as the reader's system is.</summary>
public static class ReportPage
{
    /// <summary>The page of <paramref name="report"/>.</summary>
    public static string Render(RunReport report)
    {
        var page = new StringBuilder();
        page.Append($"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>{Text(report.Run.Preset)} · run {Text(report.Run.Id)}</title>
            <style>{PageStyle.Css}</style>
            </head>
            <body>
            <main>
            <header>
            <h1>{Text(report.Run.Preset)} <span class="soft">run {Text(report.Run.Id)}</span></h1>
            <p><span class="badge {OutcomeClass(report.Totals.Outcome)}">{Text(report.Totals.Outcome)}</span>{Reason(report.Totals.OutcomeReason)}</p>
            <p class="soft">started {report.Run.StartedAt.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC · <code>{Text(report.Run.Command)}</code></p>
            </header>

            """);
        ReportSections.Figures(page, report);
        RunChart.Append(page, report);
        LoadSection.Append(page, report.Steps);
        ReportSections.Faults(page, report.Faults);
        ReportSections.Checkpoints(page, report.Checkpoints);
        OverheadSection.Append(page, report.Overhead, report.CountsLostTokens);
        ReportSections.Sample(page, report.Generated);
        ReportSections.Record(page, report);
        page.Append("</main>\n</body>\n</html>\n");
        return page.ToString();
    }

    private static string OutcomeClass(string outcome) => outcome switch { "completed" => "good", "failed" => "bad", _ => "neutral" };

    private static string Reason(string? reason) => reason is null ? "" : " " + Text(reason);
}
