using System.Collections.Concurrent;

namespace MoeActors.Actors.Cluster.Membership;

/// <summary>
/// When this node first saw that something is wrong with a peer. A coordinator that takes over learns of its predecessor's death only when it
/// is in office: the fault's clock begins here, not there. Thread-safe.
/// </summary>
internal sealed class Suspicions
{
    private readonly ConcurrentDictionary<string, long> since = new(StringComparer.Ordinal), down = new(StringComparer.Ordinal);

    /// <summary>A connection to <paramref name="incarnation"/> broke now; the first time counts.</summary>
    public void Note(string incarnation) => since.TryAdd(incarnation, System.Diagnostics.Stopwatch.GetTimestamp());

    /// <summary>It was a false alarm: the peer lives.</summary>
    public void Clear(string incarnation) => since.TryRemove(incarnation, out _);

    /// <summary>It is known from now on that <paramref name="incarnation"/> is lost: its death was proven, or the cluster decided it.</summary>
    public void Lost(string incarnation) => down.TryAdd(incarnation, System.Diagnostics.Stopwatch.GetTimestamp());

    /// <summary>Stopwatch timestamp from which on it was known to be lost; null when that is not known here.</summary>
    public long? LostSince(string incarnation) => down.TryGetValue(incarnation, out long known) ? known : null;

    /// <summary>Stopwatch timestamp of the first suspicion; null when there is none.</summary>
    public long? Since(string incarnation) => since.TryGetValue(incarnation, out long begun) ? begun : null;
}
