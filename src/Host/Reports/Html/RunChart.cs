using System.Text;
using static MoeActors.Host.Reports.Html.Markup;

namespace MoeActors.Host.Reports.Html;

/// <summary>Loss and speed against step as an inline SVG: sharp at any size, in the page's colours, faults and checkpoints marked, details on hover.</summary>
internal static class RunChart
{
    private const int Left = 64, Width = 1000, Right = 16;
    private const int MostPoints = 1200;

    public static void Append(StringBuilder page, RunReport report)
    {
        IReadOnlyList<StepLine> steps = [.. report.Steps.Where(s => double.IsFinite(s.Loss))];
        if (steps.Count < 2)
        {
            return;
        }

        double[] losses = [.. steps.Select(s => s.Loss)];
        double[] smooth = Smoothing.Centred(losses);
        StepLine[] evaluated = [.. report.Steps.Where(s => s.ValidationLoss is { } v && double.IsFinite(v))];
        double[] rates = Smoothing.Centred([.. steps.Select(s => s.Ms > 0 ? s.Tokens / s.Ms * 1000 : 0)]);

        double first = steps[0].Step, last = steps[^1].Step;
        var loss = new Panel(Top: 34, Height: 300, first, last, Axis.Of([.. losses, .. evaluated.Select(s => s.ValidationLoss!.Value)], fromZero: false));
        var speed = new Panel(Top: 392, Height: 120, first, last, Axis.Of(rates, fromZero: true));

        page.Append("<h2>The run</h2>\n<svg viewBox=\"0 0 1000 550\" role=\"img\" aria-label=\"Loss and tokens per second against step\">\n");
        page.Append($"<text class=\"title\" x=\"{Left}\" y=\"20\">Loss: training (thin), smoothed (thick), validation (dots)</text><text class=\"title\" x=\"{Left}\" y=\"378\">Tokens/s</text>\n");
        loss.Frame(page, steps: false);
        speed.Frame(page, steps: true);
        foreach (FaultRecord f in report.Faults)
        {
            double x = loss.X(f.AtStep);
            page.Append($"<g><title>{Text(f.Kind)} {Text(f.Target)} at step {f.AtStep}{(f.Phase is null ? "" : $", {Text(f.Phase)}")}</title>");
            page.Append($"<line class=\"fault\" x1=\"{x:0.#}\" x2=\"{x:0.#}\" y1=\"{loss.Top}\" y2=\"{speed.Top + speed.Height}\"/></g>\n");
        }

        Curve(page, loss, "raw", steps, losses);
        Curve(page, loss, "curve", steps, smooth);
        Curve(page, speed, "curve", steps, rates);
        foreach (StepLine s in evaluated)
        {
            page.Append($"<circle class=\"point\" cx=\"{loss.X(s.Step):0.#}\" cy=\"{loss.Y(s.ValidationLoss!.Value):0.#}\" r=\"3.5\"><title>validation {Loss(s.ValidationLoss)} at step {s.Step}</title></circle>\n");
        }

        foreach (CheckpointRecord c in report.Checkpoints)
        {
            double x = loss.X(c.Step), y = loss.Top + loss.Height;
            page.Append($"<path class=\"checkpoint\" d=\"M{x - 4:0.#} {y:0.#}h8l-4 -7z\"><title>{Text(c.Kind)} checkpoint at step {c.Step}, {Bytes(c.Bytes)}</title></path>\n");
        }

        page.Append("</svg>\n");
    }

    private static void Curve(StringBuilder page, Panel panel, string style, IReadOnlyList<StepLine> steps, double[] values)
    {
        page.Append($"<path class=\"{style}\" d=\"");
        int stride = Math.Max(1, (values.Length + MostPoints - 1) / MostPoints);
        for (int i = 0; i < values.Length; i += stride)
        {
            page.Append($"{(i == 0 ? 'M' : 'L')}{panel.X(steps[i].Step):0.#} {panel.Y(values[i]):0.#}");
        }

        page.Append("\"/>\n");
    }

    /// <summary>A plot area and its scales.</summary>
    private sealed record Panel(double Top, double Height, double First, double Last, Axis Values)
    {
        public double X(double step) => Left + ((Math.Clamp(step, First, Last) - First) / Math.Max(1, Last - First) * (Width - Left - Right));

        public double Y(double value) => Top + Height - ((value - Values.Low) / (Values.High - Values.Low) * Height);

        public void Frame(StringBuilder page, bool steps)
        {
            foreach (double tick in Values.Ticks())
            {
                page.Append($"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(tick):0.#}\" y2=\"{Y(tick):0.#}\"/><text x=\"{Left - 8}\" y=\"{Y(tick) + 4:0.#}\" text-anchor=\"end\">{tick:#,0.####}</text>\n");
            }

            foreach (double tick in Axis.Of([First, Last], fromZero: false).Ticks().Where(t => t >= First && t <= Last))
            {
                page.Append($"<line class=\"grid\" x1=\"{X(tick):0.#}\" x2=\"{X(tick):0.#}\" y1=\"{Top}\" y2=\"{Top + Height}\"/>");
                page.Append(steps ? $"<text x=\"{X(tick):0.#}\" y=\"{Top + Height + 20:0.#}\" text-anchor=\"middle\">{tick:#,0}</text>\n" : "\n");
            }
        }
    }
}
