using MoeActors.Actors.Faults;

namespace MoeActors.Host.Configuration;

/// <summary>How far failures may be injected into a running cluster (AD-1).</summary>
internal static class FaultSettings
{
    /// <summary>Reads the limits.</summary>
    public static FaultLimits Read(SettingsReader r)
    {
        TimeSpan longest = r.Duration("faults.max-duration");
        int most = r.Whole("faults.max-active", 1, 100);
        return longest < TimeSpan.FromMilliseconds(10) || longest > TimeSpan.FromHours(1)
            ? throw r.Wrong("faults.max-duration", "a duration from 10 ms to 1 h")
            : new FaultLimits(r.Switch("faults.enabled"), most, longest);
    }
}
