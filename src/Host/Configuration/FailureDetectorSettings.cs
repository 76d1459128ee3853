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
            r.Duration(Section + "heartbeat-interval"),
            r.Duration(Section + "acceptable-pause"),
            r.Duration(Section + "expected-response-after"),
            r.Duration(Section + "gossip-interval"),
            r.Duration(Section + "leader-actions-interval"),
            r.Duration(Section + "reaper-interval"));
    }
}
