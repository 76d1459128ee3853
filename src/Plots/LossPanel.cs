using MoeActors.Host.Reports.Html;
using ScottPlot;
using ScottPlot.Plottables;

namespace MoeActors.Plots;

/// <summary>Loss against step: the raw line pale, the smoothed one above it, validation as points, faults and checkpoints marked.</summary>
internal static class LossPanel
{
    public static Plot Create(RunData run)
    {
        var plot = new Plot();
        StepPoint[] steps = [.. run.Steps.Where(s => double.IsFinite(s.Loss))];
        double[] xs = [.. steps.Select(s => s.Number)];
        double[] losses = [.. steps.Select(s => s.Loss)];
        Range range = Range(run, losses);

        FaultLines.Add(plot, run, range, labels: true);
        Curve(plot, xs, losses, Palette.Raw, 1.2f, "training loss");
        Curve(plot, xs, Smoothing.Centred(losses), Palette.Smooth, 2.6f, "smoothed");
        AddValidation(plot, run);
        AddCheckpoints(plot, run, range.Bottom + (0.012 * (range.Top - range.Bottom)));

        plot.Axes.SetLimitsY(range.Bottom, range.Top);
        plot.YLabel("loss (nats per token)");
        plot.Axes.Bottom.TickLabelStyle.IsVisible = false;
        plot.Legend.Orientation = Orientation.Horizontal;
        plot.ShowLegend(Edge.Top).Alignment = Alignment.MiddleRight;
        plot.Legend.TightHorizontalWrapping = true;
        plot.Legend.FontSize = 14;
        plot.Legend.OutlineColor = Colors.Transparent;
        plot.Legend.ShadowColor = Colors.Transparent;
        plot.Legend.BackgroundColor = Palette.Back.WithAlpha(.9);
        return plot;
    }

    private static void Curve(Plot plot, double[] xs, double[] ys, Color color, float width, string legend)
    {
        SignalXY line = plot.Add.SignalXY(xs, ys, color);
        line.LineWidth = width;
        line.MarkerSize = 0;
        line.LegendText = legend;
    }

    private static void AddValidation(Plot plot, RunData run)
    {
        StepPoint[] evaluated = [.. run.Steps.Where(s => s.Validation is not null)];
        if (evaluated.Length == 0)
        {
            return;
        }

        Scatter points = plot.Add.Scatter(evaluated.Select(s => s.Number).ToArray(), evaluated.Select(s => s.Validation!.Value).ToArray(), Palette.Validation);
        points.LineWidth = 1.4f;
        points.MarkerSize = evaluated.Length > 60 ? 5 : 8;
        points.LegendText = "validation loss";
    }

    private static void AddCheckpoints(Plot plot, RunData run, double bottom)
    {
        if (run.Checkpoints.Count == 0)
        {
            return;
        }

        double[] xs = [.. run.Checkpoints];
        Scatter marks = plot.Add.ScatterPoints(xs, [.. xs.Select(_ => bottom)], Palette.Checkpoint);
        marks.MarkerShape = MarkerShape.FilledTriangleUp;
        marks.MarkerSize = xs.Length > 100 ? 7 : 12;
        marks.LegendText = "checkpoint";
    }

    /// <summary>The losses' range with room at the top for the faults' labels; a few early outliers do not flatten the rest.</summary>
    private static Range Range(RunData run, double[] losses)
    {
        double[] all = [.. losses.Concat(run.Steps.Where(s => s.Validation is not null).Select(s => s.Validation!.Value)).Order()];
        double low = all[0];
        double high = all.Length > 100 ? Math.Max(losses[0], all[(int)(0.995 * (all.Length - 1))]) : all[^1];
        double span = Math.Max(high - low, 1e-3);
        return new(low - (0.05 * span), high + ((run.Faults.Count > 0 ? 0.16 : 0.06) * span));
    }
}

/// <summary>Bounds of the loss axis.</summary>
internal readonly record struct Range(double Bottom, double Top);
