using System.Collections.Concurrent;

namespace MoeActors.Actors.Cluster;

/// <summary>
/// When this node first saw that something is wrong with a peer. A coordinator that takes over learns of its predecessor's death only when it
/// is in office: the fault's clock begins here, not there. Thread-safe.
/// </summary>
internal sealed class Suspicions
{
    private readonly ConcurrentDictionary<string, long> since = new(StringComparer.Ordinal);

    /// <summary>A connection to <paramref name="incarnation"/> broke now; the first time counts.</summary>
    public void Note(string incarnation) => since.TryAdd(incarnation, System.Diagnostics.Stopwatch.GetTimestamp());

    /// <summary>It was a false alarm: the peer lives.</summary>
    public void Clear(string incarnation) => since.TryRemove(incarnation, out _);

    /// <summary>Stopwatch timestamp of the first suspicion; null when there is none.</summary>
    public long? Since(string incarnation) => since.TryGetValue(incarnation, out long begun) ? begun : null;
}
