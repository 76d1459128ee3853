namespace MoeActors.Host.Reports;

/// <summary>PURE: for how long a run was being trained, from what was written down.</summary>
internal static class RunWall
{
    /// <summary>
    /// Time between start and end of each stretch in which the run was being trained. A stretch whose processes all died has no end: it ends with the last sign of them, so that the time
    /// until somebody resumed the run does not count. One that is still open ends at <paramref name="now"/>.
    /// </summary>
    public static TimeSpan Of(IReadOnlyList<RunEvent> events, DateTimeOffset now)
    {
        TimeSpan wall = TimeSpan.Zero;
        DateTimeOffset? begun = null;
        for (int i = 0; i < events.Count; i++)
        {
            RunEvent e = events[i];
            switch (e.Type)
            {
                case "started" or "resumed" when begun is { } open:
                    wall += NotNegative((e.LastSign ?? events[i - 1].At) - open);
                    begun = e.At;
                    break;
                case "started" or "resumed":
                    begun = e.At;
                    break;
                case "ended" when begun is { } open:
                    wall += NotNegative(e.At - open);
                    begun = null;
                    break;
            }
        }

        return begun is { } unended ? wall + NotNegative(now - unended) : wall;
    }

    /// <summary>
    /// When the last sign of a run was written down: its last event, or its last step where that came later. Steps have no time of their own; those of the newest epoch followed each other from
    /// the moment it was ready. Null without events.
    /// </summary>
    public static DateTimeOffset? LastSign(IReadOnlyList<RunEvent> events, IReadOnlyList<StepLine> steps)
    {
        if (events.Count == 0)
        {
            return null;
        }

        DateTimeOffset last = events.Max(e => e.At);
        return events.LastOrDefault(e => e.Type == EventHistory.EpochType) is { Epoch: { } epoch, At: var ready }
            && ready.AddMilliseconds(steps.Where(s => s.Epoch == epoch).Sum(s => Math.Max(0, s.Ms))) is var stepped && stepped > last
            ? stepped
            : last;
    }

    // A clock that was set back.
    private static TimeSpan NotNegative(TimeSpan time) => time < TimeSpan.Zero ? TimeSpan.Zero : time;
}
