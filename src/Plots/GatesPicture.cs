using ScottPlot;
using ScottPlot.Plottables;

namespace MoeActors.Plots;

/// <summary>The picture of a comparison of gates: a column for each quantity, a line for each gate, its median and the range of its seeds.</summary>
internal static class GatesPicture
{
    private const int Names = 170, Narrow = 16, Column = 300, Row = 40, Around = 92;

    // From: where the axis begins, null = at the lowest; Least: what it spans at least.
    private static readonly (string Metric, string Title, double? From, double Least)[] Columns =
    [
        ("validation loss", "validation loss, nats", null, 0.01),
        ("speed", "tokens/s", 0, 1),
        ("load, max over mean", "load, max over mean", 1, 0.1),
        ("dropped", "dropped, %", 0, 1),
    ];

    /// <summary>Draws <paramref name="data"/> into <paramref name="path"/>, a PNG, replaced atomically.</summary>
    public static void Save(GatesData data, string path)
    {
        int height = Around + (Row * data.Gates.Count);
        string seeds = data.Seeds == 1 ? "one seed" : $"median and range of {data.Seeds} seeds";
        using var sheet = new Sheet(Names + (Columns.Length * Column), height, "Gates beside each other", $"{seeds} · {data.Machine}");
        for (int i = 0; i < Columns.Length; i++)
        {
            int names = i == 0 ? Names : Narrow;
            using Plot plot = Panel(data, Columns[i], names, labelled: i == 0);
            sheet.Add(plot, i == 0 ? 0 : Names - Narrow + (i * Column), 0, Column + names, height);
        }

        sheet.Save(path);
    }

    private static Plot Panel(GatesData data, (string Metric, string Title, double? From, double Least) column, int names, bool labelled)
    {
        var plot = new Plot();
        Sheet.Style(plot, names);
        var shown = data.Gates.Select((gate, i) => (Y: (double)(data.Gates.Count - 1 - i), Point: data.Points.GetValueOrDefault((column.Metric, gate)))).Where(p => p.Point is not null).ToList();
        foreach ((double y, GatePoint? point) in shown)
        {
            LinePlot range = plot.Add.Line(point!.Min, y, point.Max, y);
            (range.LineColor, range.LineWidth, range.MarkerSize) = (Palette.Raw, 6, 0);
            Scatter median = plot.Add.ScatterPoints(new[] { point.Median }, new[] { y }, Palette.Smooth);
            median.MarkerSize = 11;
        }

        double low = column.From ?? shown.Min(p => p.Point!.Min), high = Math.Max(shown.Max(p => p.Point!.Max), low + column.Least), span = high - low;
        plot.Axes.SetLimits(low - ((column.From is null ? 0.08 : 0.02) * span), high + (0.08 * span), -0.6, data.Gates.Count - 0.4);
        double[] at = [.. data.Gates.Select((_, i) => (double)(data.Gates.Count - 1 - i))];
        plot.Axes.Left.SetTicks(at, labelled ? [.. data.Gates] : [.. data.Gates.Select(_ => "")]);
        plot.Title(column.Title, 15);
        plot.Axes.Right.MinimumSize = 34;
        plot.Axes.Title.Label.ForeColor = Palette.Text;
        plot.Axes.Title.Label.Bold = false;
        return plot;
    }
}
