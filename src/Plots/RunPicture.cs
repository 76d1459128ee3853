using ScottPlot;

namespace MoeActors.Plots;

/// <summary>The picture of a run: loss against step with faults and checkpoints marked, speed below, one step axis for both.</summary>
internal static class RunPicture
{
    private const int Width = 1400, LossHeight = 560, SpeedHeight = 250;

    /// <summary>Draws <paramref name="run"/> into <paramref name="path"/>, a PNG, replaced atomically.</summary>
    public static void Save(RunData run, string path)
    {
        using var sheet = new Sheet(Width, LossHeight + SpeedHeight, run.Title, run.Subtitle);
        double first = run.Steps[0].Number, last = run.Steps[^1].Number;
        using Plot loss = LossPanel.Create(run);
        using Plot speed = SpeedPanel.Create(run);
        foreach (Plot plot in new[] { loss, speed })
        {
            plot.Axes.SetLimitsX(first - ((last - first) * 0.008), last + ((last - first) * 0.012));
            Sheet.Style(plot, left: 84);
        }

        speed.XLabel("step");
        speed.Axes.Bottom.Label.FontSize = 15;
        sheet.Add(loss, 0, 0, Width, LossHeight);
        sheet.Add(speed, 0, LossHeight, Width, SpeedHeight);
        sheet.Save(path);
    }
}
