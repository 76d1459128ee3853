namespace MoeActors.Host.Configuration;

/// <summary>Least serious event that is written.</summary>
internal enum LogThreshold
{
    /// <summary>Everything.</summary>
    Debug,

    /// <summary>The course of the run.</summary>
    Info,

    /// <summary>What may need attention.</summary>
    Warning,

    /// <summary>What failed.</summary>
    Error,
}

/// <summary>Logs.</summary>
/// <param name="Level">Threshold of the files.</param>
/// <param name="Folder">Folder, absolute; null = logs in the run directory or the node's.</param>
/// <param name="MaxFile">Bytes at which a file is turned over.</param>
/// <param name="KeepFiles">Files kept of each node.</param>
internal sealed record LoggingSettings(LogThreshold Level, string? Folder, long MaxFile, int KeepFiles)
{
    /// <summary>Reads the section.</summary>
    public static LoggingSettings Read(SettingsReader r)
    {
        return new LoggingSettings(
            Threshold("logging.level"), r.PathOrNull("logging.folder"), r.Size("logging.max-file", 4096, 1L << 40), r.Whole("logging.keep-files", 1, 10_000));

        LogThreshold Threshold(string key) => r.Choice(
            key, ("debug", LogThreshold.Debug), ("info", LogThreshold.Info), ("warning", LogThreshold.Warning), ("error", LogThreshold.Error));
    }
}
