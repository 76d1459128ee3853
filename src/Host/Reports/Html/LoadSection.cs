using System.Globalization;
using System.Text;

namespace MoeActors.Host.Reports.Html;

/// <summary>How evenly the experts are used: a row for each MoE layer, over the newest steps.</summary>
internal static class LoadSection
{
    private const int Steps = 100;

    public static void Append(StringBuilder page, IReadOnlyList<StepLine> steps)
    {
        IReadOnlyList<IReadOnlyList<long>> load = RouterLoad.Recent(steps, Steps);
        if (load.Count == 0)
        {
            return;
        }

        int over = Math.Min(Steps, steps.Count(s => s.Load is not null));
        page.Append("<h2>Load of the experts</h2>\n");
        page.Append($"<p class=\"soft\">Choices of the router over the last {Whole(over)} steps, before drops. Even is a share of 1/N each, a maximum of 1 times the mean, an entropy of 1.{Losses(steps)}</p>\n");
        page.Append("<div class=\"scroll\"><table>\n<tr><th class=\"left\">MoE layer</th><th>most chosen</th><th>its share</th><th>least chosen</th><th>its share</th><th>max / mean</th><th>entropy</th></tr>\n");
        for (int layer = 0; layer < load.Count; layer++)
        {
            long[] counts = [.. load[layer]];
            double all = counts.Sum();
            int most = Array.IndexOf(counts, counts.Max()), least = Array.IndexOf(counts, counts.Min());
            page.Append($"<tr><td class=\"left\">{Whole(layer)}</td><td>{Whole(most)}</td><td>{Share(counts[most] / all)}</td><td>{Whole(least)}</td><td>{Share(counts[least] / all)}</td>");
            page.Append($"<td>{Two(RouterLoad.MaxOverMean(counts))}</td><td>{Two(RouterLoad.Entropy(counts))}</td></tr>\n");
        }

        page.Append("</table></div>\n");
    }

    private static string Losses(IReadOnlyList<StepLine> steps) =>
        steps.LastOrDefault(s => s.Losses is { Count: > 0 })?.Losses is { } losses ? $" Auxiliary losses at the end, without coefficients: {string.Join(", ", losses.Select(l => $"{l.Key} {Two(l.Value)}"))}." : "";

    private static string Whole(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Share(double value) => double.IsFinite(value) ? value.ToString("0.0 %", CultureInfo.InvariantCulture) : "–";

    private static string Two(double value) => double.IsFinite(value) ? value.ToString("0.00", CultureInfo.InvariantCulture) : "–";
}
