namespace MoeActors.Host.Configuration;

/// <summary>What a run leaves behind and shows.</summary>
/// <param name="Picture">Whether a picture is drawn beside report.json.</param>
/// <param name="ProgressInterval">Time between updates of the progress display.</param>
/// <param name="LineEvery">Steps between lines of progress where the output is no terminal.</param>
/// <param name="StateHashInterval">Steps between hashes of the whole state; 0 = at a quarter, half and three quarters of the run.</param>
internal sealed record ReportSettings(bool Picture, TimeSpan ProgressInterval, int LineEvery, int StateHashInterval)
{
    /// <summary>Reads the section.</summary>
    public static ReportSettings Read(SettingsReader r) => new(
        r.Switch("reports.picture"), r.Duration("reports.progress-interval"), r.Whole("reports.line-every", 1), r.Whole("reports.state-hash-interval"));

    /// <summary>Steps (1-based, of <paramref name="steps"/>) after which the state is hashed, the last one excluded.</summary>
    public IReadOnlyList<int> StateHashSteps(int steps)
    {
        IEnumerable<int> wanted = StateHashInterval == 0
            ? [steps / 4, steps / 2, (int)(steps * 3L / 4)]
            : Enumerable.Range(1, (steps - 1) / StateHashInterval).Select(i => i * StateHashInterval);
        return [.. wanted.Where(s => s > 0 && s < steps).Distinct()];
    }
}
