using ScottPlot;
using SkiaSharp;

namespace MoeActors.Plots;

/// <summary>The fonts of the picture, embedded: the same picture everywhere, also on a machine without any font.</summary>
internal sealed class PlotFonts : IFontResolver
{
    /// <summary>Name by which ScottPlot asks for them.</summary>
    public const string Name = "MoeActors Sans";

    private PlotFonts()
    {
    }

    /// <summary>Makes the embedded fonts the default of every plot.</summary>
    public static void Register()
    {
        Fonts.FontResolvers.Insert(0, new PlotFonts());
        Fonts.Default = Fonts.Sans = Name;
    }

    /// <inheritdoc />
    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) =>
        CreateTypeface(fontName, bold ? FontWeight.Bold : FontWeight.Normal, FontSlant.Upright, FontSpacing.Normal);

    /// <inheritdoc />
    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing)
    {
        string file = weight >= FontWeight.SemiBold ? "DejaVuSans-Bold.ttf" : "DejaVuSans.ttf";
        using Stream? stream = typeof(PlotFonts).Assembly.GetManifestResourceStream(file);
        using SKData data = SKData.Create(stream);
        return SKTypeface.FromData(data);
    }
}
