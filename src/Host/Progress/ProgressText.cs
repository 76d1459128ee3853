namespace MoeActors.Host.Progress;

/// <summary>Numbers and lines as the user reads them.</summary>
internal static class ProgressText
{
    /// <summary>One plain line of <paramref name="s"/>.</summary>
    public static string Line(ProgressSnapshot s)
    {
        var parts = new List<string>(10) { $"step {s.Step}/{s.Steps}" };
        if (s.Step > 0 && double.IsFinite(s.Loss))
        {
            parts.Add($"loss {s.Loss:0.0000}");
        }

        if (s.ValidationLoss is { } validation)
        {
            parts.Add($"val {validation:0.0000}");
        }

        if (s.Step > 0 && s.TokensPerSecond > 0)
        {
            parts.Add($"{Rate(s.TokensPerSecond)} tok/s");
        }

        if (s.Eta is { } eta)
        {
            parts.Add($"eta {Duration(eta)}");
        }

        parts.Add($"nodes {Nodes(s)}");
        if (s.LastCheckpointStep is { } checkpoint)
        {
            parts.Add($"checkpoint {checkpoint}");
        }

        if (s.Plt is { } lost)
        {
            parts.Add($"plt {Percent(lost)}");
        }

        if (s.SlowestRank is { } slowest)
        {
            parts.Add($"slowest rank {slowest}");
        }

        if (!string.IsNullOrEmpty(s.Message))
        {
            parts.Add(s.Message);
        }

        return string.Join("  ", parts);
    }

    /// <summary>Nodes up of those the run was placed on; spares apart, as they compute nothing.</summary>
    public static string Nodes(ProgressSnapshot s) => s.NodesUp <= s.Nodes ? $"{s.NodesUp}/{s.Nodes}" : $"{s.Nodes}/{s.Nodes} + {s.NodesUp - s.Nodes}";

    /// <summary>One plain line of <paramref name="happened"/>.</summary>
    public static string Line(ProgressEvent happened) =>
        happened.Kind == ProgressEventKind.Info || NamesItsKind(happened) ? OneLine(happened.Message) : $"{Name(happened.Kind)}: {OneLine(happened.Message)}";

    /// <summary>Whether the message begins with the word that its kind would be announced by.</summary>
    public static bool NamesItsKind(ProgressEvent happened) => OneLine(happened.Message).StartsWith(Name(happened.Kind) + " ", StringComparison.Ordinal);

    public static string Name(ProgressEventKind kind) => kind.ToString().ToLowerInvariant();

    /// <summary>A text on one line, printable: messages name files and quote errors of others.</summary>
    public static string OneLine(string text) => Printable(text.ReplaceLineEndings(" ").Trim());

    /// <summary>A line with nothing in it that a terminal would obey.</summary>
    public static string Printable(string line) => string.Concat(line.Select(c => char.IsControl(c) && c != '\t' ? '\uFFFD' : c));

    public static string Rate(double perSecond) => perSecond switch
    {
        < 1000 => $"{perSecond:0}",
        < 100_000 => $"{perSecond / 1000:0.0}k",
        < 1_000_000 => $"{perSecond / 1000:0}k",
        _ => $"{perSecond / 1_000_000:0.0}M",
    };

    /// <summary>A share as "0.42 %".</summary>
    public static string Percent(double share) => $"{share * 100:0.00} %";

    /// <summary>A time in its two largest units, seconds rounded up.</summary>
    public static string Duration(TimeSpan time)
    {
        var whole = TimeSpan.FromSeconds(Math.Max(0, Math.Ceiling(time.TotalSeconds)));
        return whole switch
        {
            { TotalSeconds: < 60 } => $"{whole.Seconds}s",
            { TotalMinutes: < 60 } => $"{whole.Minutes}m{whole.Seconds:00}s",
            { TotalHours: < 48 } => $"{(int)whole.TotalHours}h{whole.Minutes:00}m",
            _ => $"{(int)whole.TotalDays}d{whole.Hours:00}h",
        };
    }
}
