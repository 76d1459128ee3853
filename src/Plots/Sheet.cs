using ScottPlot;
using SkiaSharp;

namespace MoeActors.Plots;

/// <summary>A picture: two lines of heading, and plots below them.</summary>
internal sealed class Sheet : IDisposable
{
    private const int Header = 76;

    private readonly SKSurface surface;

    /// <summary>An empty picture whose plots take <paramref name="width"/> × <paramref name="height"/> pixels together.</summary>
    public Sheet(int width, int height, string title, string subtitle)
    {
        PlotFonts.Register();
        surface = SKSurface.Create(new SKImageInfo(width, Header + height));
        surface.Canvas.Clear(Palette.Back.ToSKColor());
        Line(title, 34, 23, bold: true, Palette.Text);
        Line(subtitle, 61, 15, bold: false, Palette.Soft);
    }

    /// <summary>What all plots look like.</summary>
    /// <param name="plot">The plot.</param>
    /// <param name="left">Pixels for the labels of the left axis.</param>
    public static void Style(Plot plot, int left)
    {
        plot.Font.Set(PlotFonts.Name);
        plot.FigureBackground.Color = Palette.Back;
        plot.Axes.Color(Palette.Soft);
        plot.Grid.MajorLineColor = Palette.Grid;
        plot.Axes.Right.IsVisible = false;
        plot.Axes.Top.IsVisible = false;
        plot.Axes.Left.MinimumSize = left;
        plot.Axes.Left.MaximumSize = left;
        plot.Axes.Right.MinimumSize = 20;
        plot.Axes.Left.TickLabelStyle.FontSize = 14;
        plot.Axes.Bottom.TickLabelStyle.FontSize = 14;
        plot.Axes.Left.Label.FontSize = 15;
        plot.Axes.Left.Label.ForeColor = Palette.Text;
        plot.Axes.Bottom.Label.ForeColor = Palette.Text;
        plot.Axes.Left.Label.Bold = false;
        plot.Axes.Bottom.Label.Bold = false;
    }

    /// <summary>Draws a plot at a place below the heading.</summary>
    public void Add(Plot plot, int left, int top, int width, int height)
    {
        // On a surface of its own first: rendering clears the whole canvas it is given.
        using SKSurface own = SKSurface.Create(new SKImageInfo(width, height));
        plot.Render(own.Canvas, width, height);
        using SKImage image = own.Snapshot();
        surface.Canvas.DrawImage(image, left, Header + top);
    }

    /// <summary>Writes the picture, a PNG, replaced atomically.</summary>
    public void Save(string path)
    {
        using SKImage image = surface.Snapshot();
        using SKData png = image.Encode(SKEncodedImageFormat.Png, 100);
        string temporary = $"{path}.{Environment.ProcessId}-{Guid.NewGuid():N}.tmp";
        using (var stream = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
        {
            png.SaveTo(stream);
        }

        File.Move(temporary, path, overwrite: true);
    }

    public void Dispose() => surface.Dispose();

    private void Line(string text, float y, float size, bool bold, Color color)
    {
        // The typeface stays ScottPlot's: its cache hands the same one to every label.
        SKTypeface? face = Fonts.GetTypeface(PlotFonts.Name, bold, italic: false);
        using var font = new SKFont(face, size) { Subpixel = true };
        using var paint = new SKPaint { Color = color.ToSKColor(), IsAntialias = true };
        surface.Canvas.DrawText(text, 28, y, SKTextAlign.Left, font, paint);
    }
}
