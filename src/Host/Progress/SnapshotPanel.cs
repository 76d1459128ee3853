using Spectre.Console;
using Spectre.Console.Rendering;

namespace MoeActors.Host.Progress;

/// <summary>The live area: a bar, a row of figures, a curve of the recent loss. Keeps the losses it has drawn; not thread-safe.</summary>
/// <param name="unicode">Whether the terminal shows more than ASCII.</param>
internal sealed class SnapshotPanel(bool unicode)
{
    private const int BarWidth = 46, Recent = 64;
    private const string Bars = "▁▂▃▄▅▆▇█";

    private readonly Queue<double> _losses = new();
    private long _lastStep;

    public IRenderable Render(ProgressSnapshot s)
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

        var rows = new List<IRenderable> { Bar(s), Figures(s) };
        if (unicode && _losses.Count > 1)
        {
            rows.Add(new Markup($"[grey]loss[/]  [blue]{Curve([.. _losses])}[/]"));
        }

        if (!string.IsNullOrEmpty(s.Message))
        {
            rows.Add(new Markup($"[yellow]{Markup.Escape(ProgressText.OneLine(s.Message))}[/]"));
        }

        return new Rows(rows);
    }

    private Markup Bar(ProgressSnapshot s)
    {
        double share = s.Steps > 0 ? Math.Clamp((double)s.Step / s.Steps, 0, 1) : 0;
        int full = (int)(share * BarWidth);
        (char done, char open) = unicode ? ('━', '─') : ('#', '.');
        return new Markup(
            $"[bold]step {s.Step}[/]/{s.Steps}  [green]{new string(done, full)}[/][grey]{new string(open, BarWidth - full)}[/]  {share * 100:0} %{(s.Eta is { } eta ? $"  eta {ProgressText.Duration(eta)}" : "")}");
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
