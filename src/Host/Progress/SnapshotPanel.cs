using Spectre.Console;
using Spectre.Console.Rendering;

namespace MoeActors.Host.Progress;

/// <summary>The live area: a bar, a row of figures, a curve of the recent loss. Keeps the losses it has drawn; not thread-safe.</summary>
/// <param name="unicode">Whether the terminal shows more than ASCII.</param>
internal sealed class SnapshotPanel(bool unicode)
{
    private const int WidestBar = 46, NarrowestBar = 4, BesideBar = 38, BesideCurve = 6, Recent = 64;
    private const string Bars = "▁▂▃▄▅▆▇█";

    private readonly Queue<double> _losses = new();
    private long _lastStep;

    /// <summary>The area, of rows that fit.</summary>
    /// <param name="s">What to show.</param>
    /// <param name="width">Cells of a row.</param>
    public IRenderable Render(ProgressSnapshot s, int width)
    {
        if (s.Step != _lastStep && double.IsFinite(s.Loss))
        {
            _lastStep = s.Step;
            _losses.Enqueue(s.Loss);
            if (_losses.Count > Recent)
            {
                _losses.Dequeue();
            }
        }

        var rows = new List<IRenderable> { Bar(s, Math.Clamp(width - BesideBar, NarrowestBar, WidestBar)), Figures(s) };
        if (unicode && _losses.Count > 1)
        {
            rows.Add(new Markup($"[grey]loss[/]  [blue]{Curve([.. _losses.TakeLast(Math.Max(1, width - BesideCurve))])}[/]"));
        }

        if (!string.IsNullOrEmpty(s.Message))
        {
            rows.Add(new Markup($"[yellow]{Markup.Escape(ProgressText.OneLine(s.Message))}[/]"));
        }

        return new Rows(rows);
    }

    private Markup Bar(ProgressSnapshot s, int width)
    {
        double share = s.Steps > 0 ? Math.Clamp((double)s.Step / s.Steps, 0, 1) : 0;
        int full = (int)(share * width);
        (char done, char open) = unicode ? ('━', '─') : ('#', '.');
        return new Markup(
            $"[bold]step {s.Step}[/]/{s.Steps}  [green]{new string(done, full)}[/][grey]{new string(open, width - full)}[/]  {share * 100:0} %{(s.Eta is { } eta ? $"  eta {ProgressText.Duration(eta)}" : "")}");
    }

    private static Markup Figures(ProgressSnapshot s)
    {
        string nodes = s.NodesUp < s.Nodes ? $"[red]{ProgressText.Nodes(s)}[/]" : ProgressText.Nodes(s);
        string text = double.IsFinite(s.Loss) ? $"[grey]loss[/] [bold]{s.Loss:0.0000}[/]" : "";
        text += s.ValidationLoss is { } v ? $"   [grey]validation[/] {v:0.0000}" : "";
        text += s.TokensPerSecond > 0 ? $"   [grey]tok/s[/] {ProgressText.Rate(s.TokensPerSecond)}" : "";
        text += $"   [grey]nodes[/] {nodes}   [grey]epoch[/] {s.Epoch}";
        text += s.LastCheckpointStep is { } c ? $"   [grey]checkpoint[/] {c}" : "";
        text += s.Plt is { } lost ? $"   [grey]plt[/] {ProgressText.Percent(lost)}" : "";
        text += s.Ettr is { } ettr ? $"   [grey]ettr[/] {ProgressText.Percent(ettr)}" : "";
        text += s.SlowestRank is { } r ? $"   [grey]slowest rank[/] {r}" : "";
        return new Markup(text.TrimStart());
    }

    private static string Curve(double[] values)
    {
        double low = values.Min(), span = Math.Max(values.Max() - low, 1e-9);
        return string.Concat(values.Select(v => Bars[(int)Math.Round((v - low) / span * (Bars.Length - 1))]));
    }
}
