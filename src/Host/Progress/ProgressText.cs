namespace MoeActors.Host.Progress;

/// <summary>Numbers and lines as the user reads them.</summary>
internal static class ProgressText
{
    /// <summary>One plain line of <paramref name="s"/>.</summary>
    public static string Line(ProgressSnapshot s)
    {
        var parts = new List<string>(9) { $"step {s.Step}/{s.Steps}" };
        if (s.Step > 0)
        {
            parts.Add($"loss {s.Loss:0.0000}");
        }

        if (s.ValidationLoss is { } validation)
        {
            parts.Add($"val {validation:0.0000}");
        }

        if (s.Step > 0)
        {
            parts.Add($"{Rate(s.TokensPerSecond)} tok/s");
        }

        if (s.Eta is { } eta)
        {
            parts.Add($"eta {Duration(eta)}");
        }

        parts.Add($"nodes {s.NodesUp}/{s.Nodes}");
        if (s.LastCheckpointStep is { } checkpoint)
        {
            parts.Add($"checkpoint {checkpoint}");
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

    /// <summary>One plain line of <paramref name="happened"/>.</summary>
    public static string Line(ProgressEvent happened) =>
        happened.Kind == ProgressEventKind.Info ? OneLine(happened.Message) : $"{Name(happened.Kind)}: {OneLine(happened.Message)}";

    public static string Name(ProgressEventKind kind) => kind.ToString().ToLowerInvariant();

    public static string OneLine(string text) => text.ReplaceLineEndings(" ").Trim();

    public static string Rate(double perSecond) => perSecond switch
    {
        < 1000 => $"{perSecond:0}",
        < 100_000 => $"{perSecond / 1000:0.0}k",
        < 1_000_000 => $"{perSecond / 1000:0}k",
        _ => $"{perSecond / 1_000_000:0.0}M",
    };

    public static string Duration(TimeSpan time) => time switch
    {
        { TotalSeconds: <= 59 } => $"{Math.Max(0, Math.Ceiling(time.TotalSeconds)):0}s",
        { TotalMinutes: < 60 } => $"{(int)time.TotalMinutes}m{time.Seconds:00}s",
        { TotalHours: < 48 } => $"{(int)time.TotalHours}h{time.Minutes:00}m",
        _ => $"{(int)time.TotalDays}d{time.Hours:00}h",
    };
}
