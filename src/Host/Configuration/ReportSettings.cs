namespace MoeActors.Host.Configuration;

/// <summary>What a run leaves behind and shows.</summary>
/// <param name="Picture">Whether a picture is drawn beside report.json.</param>
/// <param name="ProgressInterval">Where the output is no terminal: time after which the next step gets a line anyway.</param>
/// <param name="LineEvery">Where the output is no terminal: steps between lines of progress; 0 = by time alone.</param>
internal sealed record ReportSettings(bool Picture, TimeSpan ProgressInterval, int LineEvery)
{
    /// <summary>Reads the section.</summary>
    public static ReportSettings Read(SettingsReader r) => new(
        r.Switch("reports.picture"), r.Duration("reports.progress-interval"), r.Whole("reports.line-every"));
}
