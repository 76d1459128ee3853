using System.Globalization;

namespace MoeActors.Host.Configuration;

/// <summary>Durations, sizes and bandwidths as people write them.</summary>
internal static class Quantities
{
    /// <summary>Reads "250 ms", "1.5s", "10 min"; the unit is required.</summary>
    public static bool TryDuration(string text, out TimeSpan time)
    {
        time = default;
        if (!TrySplit(text, out decimal number, out string unit))
        {
            return false;
        }

        long ticks = unit switch
        {
            "us" => TimeSpan.TicksPerMicrosecond,
            "ms" => TimeSpan.TicksPerMillisecond,
            "s" => TimeSpan.TicksPerSecond,
            "min" => TimeSpan.TicksPerMinute,
            "h" => TimeSpan.TicksPerHour,
            _ => 0,
        };
        if (ticks == 0 || number > TimeSpan.MaxValue.Ticks / ticks)
        {
            return false;
        }

        time = TimeSpan.FromTicks((long)(number * ticks));
        return true;
    }

    /// <summary>Reads "256 KiB", "1GiB", "0 B"; the unit is required.</summary>
    public static bool TrySize(string text, out long bytes)
    {
        bytes = 0;
        if (!TrySplit(text, out decimal number, out string unit))
        {
            return false;
        }

        long factor = unit switch
        {
            "B" => 1,
            "KiB" => 1L << 10,
            "MiB" => 1L << 20,
            "GiB" => 1L << 30,
            "TiB" => 1L << 40,
            _ => 0,
        };
        if (factor == 0 || number > long.MaxValue / factor)
        {
            return false;
        }

        bytes = (long)(number * factor);
        return true;
    }

    /// <summary>Reads "500 MiB/s", "2GiB/s": bytes a second; the unit is required.</summary>
    public static bool TryBandwidth(string text, out long bytesPerSecond)
    {
        bytesPerSecond = 0;
        return text.EndsWith("/s", StringComparison.Ordinal) && TrySize(text[..^2], out bytesPerSecond);
    }

    /// <summary>Writes a size with the unit that suits it.</summary>
    public static string Size(long bytes) => bytes switch
    {
        < 1L << 10 => $"{bytes} B",
        < 1L << 20 => $"{bytes / 1024.0:0.0} KiB",
        < 1L << 30 => $"{bytes / (double)(1L << 20):0.0} MiB",
        < 1L << 40 => $"{bytes / (double)(1L << 30):0.00} GiB",
        _ => $"{bytes / (double)(1L << 40):0.00} TiB",
    };

    /// <summary>Writes a duration with the largest unit that leaves a whole number.</summary>
    public static string Duration(TimeSpan time) => time.Ticks switch
    {
        0 => "0 s",
        var t when t % TimeSpan.TicksPerHour == 0 => $"{t / TimeSpan.TicksPerHour} h",
        var t when t % TimeSpan.TicksPerMinute == 0 => $"{t / TimeSpan.TicksPerMinute} min",
        var t when t % TimeSpan.TicksPerSecond == 0 => $"{t / TimeSpan.TicksPerSecond} s",
        var t when t % TimeSpan.TicksPerMillisecond == 0 => $"{t / TimeSpan.TicksPerMillisecond} ms",
        var t => $"{t / TimeSpan.TicksPerMicrosecond} us",
    };

    private static bool TrySplit(string text, out decimal number, out string unit)
    {
        int at = 0;
        while (at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '.'))
        {
            at++;
        }

        unit = text[at..].Trim();
        return decimal.TryParse(text.AsSpan(0, at), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number);
    }
}
