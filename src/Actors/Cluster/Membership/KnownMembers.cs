using System.Collections.Concurrent;

using Akka.Cluster;

namespace MoeActors.Actors.Cluster.Membership;

/// <summary>
/// Every process that this node has seen as a member of its cluster, the lost ones included. A coordinator asks whether its predecessor is among them: one that is not was
/// of another cluster, which may live. Thread-safe.
/// </summary>
internal sealed class KnownMembers
{
    private readonly ConcurrentDictionary<string, bool> seen = new(StringComparer.Ordinal);

    /// <summary>A member was seen.</summary>
    public void Add(UniqueAddress member) => seen.TryAdd(Incarnation.UidOf(member), true);

    /// <summary>Whether the process with this incarnation was seen.</summary>
    public bool Knows(string incarnation) => seen.ContainsKey(Incarnation.UidOf(incarnation));
}
