using ScottPlot;
using SkiaSharp;

namespace MoeActors.Plots;

/// <summary>The picture of a run: loss against step with faults and checkpoints marked, speed below, one step axis for both.</summary>
internal static class RunPicture
{
    private const int Width = 1400, LossHeight = 560, SpeedHeight = 250, Header = 76;

    /// <summary>Draws <paramref name="run"/> into <paramref name="path"/>, a PNG, replaced atomically.</summary>
    public static void Save(RunData run, string path)
    {
        PlotFonts.Register();
        double first = run.Steps[0].Number, last = run.Steps[^1].Number;
        using Plot loss = LossPanel.Create(run);
        using Plot speed = SpeedPanel.Create(run);
        foreach (Plot plot in new[] { loss, speed })
        {
            plot.Axes.SetLimitsX(first - ((last - first) * 0.008), last + ((last - first) * 0.012));
            Style(plot);
        }

        speed.XLabel("step");
        speed.Axes.Bottom.Label.FontSize = 15;
        using SKSurface surface = SKSurface.Create(new SKImageInfo(Width, Header + LossHeight + SpeedHeight));
        surface.Canvas.Clear(Palette.Back.ToSKColor());
        Heading(surface.Canvas, run);
        Panel(surface.Canvas, loss, Header, LossHeight);
        Panel(surface.Canvas, speed, Header + LossHeight, SpeedHeight);

        using SKImage image = surface.Snapshot();
        using SKData png = image.Encode(SKEncodedImageFormat.Png, 100);
        string temporary = $"{path}.{Environment.ProcessId}-{Guid.NewGuid():N}.tmp";
        using (var stream = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
        {
            png.SaveTo(stream);
        }

        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>Draws a plot on a surface of its own first: rendering clears the whole canvas it is given.</summary>
    private static void Panel(SKCanvas canvas, Plot plot, int top, int height)
    {
        using SKSurface own = SKSurface.Create(new SKImageInfo(Width, height));
        plot.Render(own.Canvas, Width, height);
        using SKImage image = own.Snapshot();
        canvas.DrawImage(image, 0, top);
    }

    private static void Style(Plot plot)
    {
        plot.Font.Set(PlotFonts.Name);
        plot.FigureBackground.Color = Palette.Back;
        plot.Axes.Color(Palette.Soft);
        plot.Grid.MajorLineColor = Palette.Grid;
        plot.Axes.Right.IsVisible = false;
        plot.Axes.Top.IsVisible = false;
        plot.Axes.Left.MinimumSize = 84;
        plot.Axes.Left.MaximumSize = 84;
        plot.Axes.Right.MinimumSize = 20;
        plot.Axes.Left.TickLabelStyle.FontSize = 14;
        plot.Axes.Bottom.TickLabelStyle.FontSize = 14;
        plot.Axes.Left.Label.FontSize = 15;
        plot.Axes.Left.Label.ForeColor = Palette.Text;
        plot.Axes.Bottom.Label.ForeColor = Palette.Text;
        plot.Axes.Left.Label.Bold = false;
        plot.Axes.Bottom.Label.Bold = false;
    }

    private static void Heading(SKCanvas canvas, RunData run)
    {
        Line(canvas, run.Title, 34, 23, bold: true, Palette.Text);
        Line(canvas, run.Subtitle, 61, 15, bold: false, Palette.Soft);
    }

    private static void Line(SKCanvas canvas, string text, float y, float size, bool bold, Color color)
    {
        // The typeface stays ScottPlot's: its cache hands the same one to every label.
        SKTypeface? face = Fonts.GetTypeface(PlotFonts.Name, bold, italic: false);
        using var font = new SKFont(face, size) { Subpixel = true };
        using var paint = new SKPaint { Color = color.ToSKColor(), IsAntialias = true };
        canvas.DrawText(text, 28, y, SKTextAlign.Left, font, paint);
    }
}
