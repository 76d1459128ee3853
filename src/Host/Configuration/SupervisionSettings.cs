namespace MoeActors.Host.Configuration;

/// <summary>Supervision of the node processes.</summary>
/// <param name="Spares">Node processes beyond those the run is placed on.</param>
/// <param name="RestartBudget">Restarts of one node allowed within the window.</param>
/// <param name="RestartWindow">The window.</param>
/// <param name="BackoffMin">First pause before a restart.</param>
/// <param name="BackoffMax">Longest pause.</param>
/// <param name="BackoffJitter">Share of chance in a pause, 0 … 1.</param>
/// <param name="StopTimeout">Time the nodes have to leave when the run is stopped.</param>
/// <param name="ComputeLimit">Longest piece of work of a compute thread; zero = no limit.</param>
internal sealed record SupervisionSettings(
    int Spares, int RestartBudget, TimeSpan RestartWindow, TimeSpan BackoffMin, TimeSpan BackoffMax, double BackoffJitter, TimeSpan StopTimeout, TimeSpan ComputeLimit)
{
    /// <summary>Reads the section.</summary>
    public static SupervisionSettings Read(SettingsReader r)
    {
        var supervision = new SupervisionSettings(
            r.Whole("supervision.spares", 0, 16),
            r.Whole("supervision.restart-budget", 0, 1_000_000),
            r.Interval("supervision.restart-window"),
            r.Duration("supervision.backoff-min"),
            r.Duration("supervision.backoff-max"),
            r.Number("supervision.backoff-jitter", 0, 1),
            r.Duration("supervision.stop-timeout"),
            r.Duration("supervision.compute-limit"));
        return supervision.BackoffMax >= supervision.BackoffMin ? supervision : throw r.Wrong("supervision.backoff-max", "at least supervision.backoff-min");
    }
}
