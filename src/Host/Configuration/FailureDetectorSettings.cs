namespace MoeActors.Host.Configuration;

/// <summary>How soon a silent node counts as unreachable.</summary>
internal sealed record FailureDetectorSettings(
    TimeSpan HeartbeatInterval,
    TimeSpan AcceptablePause,
    TimeSpan ExpectedResponseAfter,
    TimeSpan GossipInterval,
    TimeSpan LeaderActionsInterval,
    TimeSpan ReaperInterval)
{
    /// <summary>Reads the section.</summary>
    public static FailureDetectorSettings Read(SettingsReader r)
    {
        const string Section = "cluster.failure-detector.";
        return new FailureDetectorSettings(
            r.Interval(Section + "heartbeat-interval", 10),
            r.Interval(Section + "acceptable-pause", 1),
            r.Interval(Section + "expected-response-after", 10),
            r.Interval(Section + "gossip-interval", 10),
            r.Interval(Section + "leader-actions-interval", 10),
            r.Interval(Section + "reaper-interval", 10));
    }
}
