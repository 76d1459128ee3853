using System.Text.Encodings.Web;

namespace MoeActors.Host.Reports.Html;

/// <summary>Text and numbers as they stand in the page.</summary>
internal static class Markup
{
    private const string Missing = "<span class=\"soft\">–</span>";

    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(System.Text.Unicode.UnicodeRanges.All);

    /// <summary>Any text, encoded: run records and reasons may hold anything.</summary>
    public static string Text(string? text) => Encoder.Encode(text ?? "");

    public static string Loss(double? loss) => loss is { } value && double.IsFinite(value) ? value.ToString("0.0000") : Missing;

    public static string Percent(double share) => share.ToString("0.0 %");

    /// <summary>A proportion of lost tokens: budgets are a few percent, single faults far less.</summary>
    public static string Lost(double share) => share.ToString("0.000 %");

    public static string Count(double count) => count.ToString("#,0");

    public static string Hash(string? hash) => hash is null ? Missing : $"<code>{Text(hash)}</code>";

    /// <summary>A time in ms in the unit that reads best.</summary>
    public static string Ms(double? ms) => ms switch
    {
        null => Missing,
        < 1 => $"{ms:0.00} ms",
        < 100 => $"{ms:0.0} ms",
        < 10_000 => $"{ms:0} ms",
        < 120_000 => $"{ms / 1000:0.0} s",
        < 7_200_000 => $"{ms / 60_000:0.0} min",
        _ => $"{ms / 3_600_000:0.0} h",
    };

    public static string Bytes(double bytes) => bytes switch
    {
        < 1024 => $"{bytes:0} B",
        < 1024 * 1024 => $"{bytes / 1024:0.0} KiB",
        < 1024d * 1024 * 1024 => $"{bytes / (1024 * 1024):0.0} MiB",
        _ => $"{bytes / (1024d * 1024 * 1024):0.00} GiB",
    };
}
