using System.Net;

namespace MoeActors.Compute.Checkpoints.Storage.ObjectStores;

/// <summary>PURE: which failures of a request may pass, and how long to wait before it is tried again.</summary>
internal static class RetryRule
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    /// <summary>Whether the same request may succeed later: the server's own failures, throttling, time-outs, two conditional writes at once.</summary>
    public static bool MayPass(HttpStatusCode status) =>
        status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or HttpStatusCode.Conflict || ((int)status >= 500 && status != HttpStatusCode.NotImplemented);

    /// <summary>Pause after failed attempt <paramref name="attempt"/> (from 1): doubling, at most 10 s, of which <paramref name="chance"/> in [0, 1) takes up to half away.</summary>
    public static TimeSpan Pause(int attempt, TimeSpan first, double chance)
    {
        double ms = Math.Min(Longest.TotalMilliseconds, first.TotalMilliseconds * Math.Pow(2, attempt - 1));
        return TimeSpan.FromMilliseconds(ms * (1 - (chance / 2)));
    }
}
