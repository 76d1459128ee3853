using System.Globalization;
using System.Text;
using static MoeActors.Host.Reports.Html.Markup;

namespace MoeActors.Host.Reports.Html;

/// <summary>The table that sets the overhead model's prediction beside what was measured.</summary>
internal static class OverheadSection
{
    public static void Append(StringBuilder page, OverheadReport? overhead, bool partial)
    {
        if (overhead is null)
        {
            return;
        }

        (var inputs, var predicted, MeasuredOverhead measured) = overhead;
        page.Append("<h2>Cost of checkpoints and faults</h2>\n");
        page.Append($"<p class=\"soft\">Predicted by the overhead model from this run's own times: step {Ms(inputs.IterationMs)}, snapshot {Ms(inputs.SnapshotMs)}, persist {Ms(inputs.PersistMs)}, a checkpoint every {Number(inputs.IntervalSteps)} steps. ");
        page.Append($"{(double.IsFinite(predicted.OptimalIntervalSteps) ? $"Its best interval: {Number(predicted.OptimalIntervalSteps)} steps." : "Without faults its best interval is the whole run.")}</p>\n");
        page.Append("<div class=\"scroll\"><table>\n<tr><th class=\"left\"></th><th>predicted</th><th>measured</th></tr>\n");
        Row("stall of a checkpoint", Ms(predicted.SaveMs), Ms(measured.SaveMs));
        Row("faults", Number(predicted.ExpectedFaults), Count(measured.Faults));
        Row("cost of a recovery", Ms(predicted.RecoveryMs), Ms(measured.RecoveryMs));
        Row("all stalls and recoveries", Ms(predicted.OverheadMs), Ms(measured.OverheadMs));
        Row("useful time (ETTR)", Percent(predicted.Ettr), Percent(measured.Ettr));
        if (partial)
        {
            Row("lost tokens (PLT)", Lost(predicted.Plt), Lost(measured.Plt));
        }

        page.Append("</table></div>\n");

        void Row(string name, string expected, string found) => page.Append($"<tr><td class=\"left\">{name}</td><td>{expected}</td><td>{found}</td></tr>\n");
    }

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
