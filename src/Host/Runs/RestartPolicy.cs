using MoeActors.Host.Configuration;

namespace MoeActors.Host.Runs;

/// <summary>PURE: may a node be started again, and after what pause?</summary>
internal static class RestartPolicy
{
    /// <summary>Decides about one more start.</summary>
    /// <param name="settings">Budget, window, backoff.</param>
    /// <param name="deaths">When this node died, ascending, the newest included.</param>
    /// <param name="now">Now.</param>
    /// <param name="chance">A number in [0, 1) for the jitter.</param>
    /// <returns>The pause, or null when the budget is used up; and why.</returns>
    public static (TimeSpan? Pause, string Reason) Decide(SupervisionSettings settings, IReadOnlyList<DateTimeOffset> deaths, DateTimeOffset now, double chance)
    {
        int recent = deaths.Count(d => now - d < settings.RestartWindow);
        if (recent > settings.RestartBudget)
        {
            return (null, $"it died {recent} times within {settings.RestartWindow.TotalMinutes:0.#} min: supervision.restart-budget = {settings.RestartBudget} is used up");
        }

        double doubled = settings.BackoffMin.TotalMilliseconds * Math.Pow(2, Math.Min(recent - 1, 30));
        double pause = Math.Min(doubled, settings.BackoffMax.TotalMilliseconds) * (1 + (settings.BackoffJitter * chance));
        return (TimeSpan.FromMilliseconds(pause), $"start {deaths.Count + 1} of it, after {pause:0} ms");
    }
}
