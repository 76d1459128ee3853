using MoeActors.Host.Reports.Html;
using ScottPlot;
using ScottPlot.Plottables;

namespace MoeActors.Plots;

/// <summary>Tokens per second against step, each step pale and the smoothed curve above.</summary>
internal static class SpeedPanel
{
    public static Plot Create(RunData run)
    {
        var plot = new Plot();
        StepPoint[] steps = [.. run.Steps.Where(s => double.IsFinite(s.TokensPerSecond))];
        FaultLines.Add(plot, run, default, labels: false);
        plot.YLabel("tokens/s");
        if (steps.Length < 2)
        {
            return plot;
        }

        double[] xs = [.. steps.Select(s => s.Number)];
        double[] rates = [.. steps.Select(s => s.TokensPerSecond)];
        plot.Add.SignalXY(xs, rates, Palette.Raw).MarkerSize = 0;
        SignalXY smooth = plot.Add.SignalXY(xs, Smoothing.Centred(rates), Palette.Smooth);
        smooth.LineWidth = 2.2f;
        smooth.MarkerSize = 0;
        Axis axis = Axis.Of([rates.Max() * 1.04], fromZero: true);
        plot.Axes.SetLimitsY(0, axis.High * 1.08);
        double[] ticks = [.. axis.Ticks()];
        plot.Axes.Left.SetTicks(ticks, [.. ticks.Select(v => axis.High >= 2000 ? $"{v / 1000:0.##}k" : $"{v:0.##}")]);
        return plot;
    }
}
