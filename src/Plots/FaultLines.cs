using ScottPlot;
using ScottPlot.Plottables;

namespace MoeActors.Plots;

/// <summary>Faults as vertical dashed lines, with kind and phase written beside the first few dozen.</summary>
internal static class FaultLines
{
    private const int MostLabels = 24;

    /// <summary>Rows over which neighbouring labels are staggered, so that faults close together stay readable.</summary>
    private const int Rows = 3;

    public static void Add(Plot plot, RunData run, Range range, bool labels)
    {
        double span = Math.Max(1, run.Steps[^1].Number - run.Steps[0].Number);
        double end = run.Steps[^1].Number;
        for (int i = 0; i < run.Faults.Count; i++)
        {
            FaultMark fault = run.Faults[i];
            VerticalLine line = plot.Add.VerticalLine(fault.Step, 1.4f, Palette.Fault.WithAlpha(.75), LinePattern.Dashed);
            if (!labels || i >= MostLabels)
            {
                continue;
            }

            line.LegendText = i == 0 ? "fault" : "";
            bool left = end - fault.Step < 0.3 * span;
            double y = range.Top - ((0.012 + (i % Rows * 0.042)) * (range.Top - range.Bottom));
            Text text = plot.Add.Text(fault.Label, fault.Step, y);
            text.LabelFontName = PlotFonts.Name;
            text.LabelFontSize = 12.5f;
            text.LabelFontColor = Palette.Fault;
            text.LabelBackgroundColor = Palette.Back.WithAlpha(.85);
            text.LabelAlignment = left ? Alignment.UpperRight : Alignment.UpperLeft;
            text.OffsetX = left ? -5 : 5;
        }
    }
}
