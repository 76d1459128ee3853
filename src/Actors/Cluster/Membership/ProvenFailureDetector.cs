using System.Collections.Concurrent;

using Akka.Actor;
using Akka.Configuration;
using Akka.Event;
using Akka.Remote;

namespace MoeActors.Actors.Cluster.Membership;

/// <summary>
/// The cluster's failure detector: silence means something only after a while, but a proven death at once. The cluster removes a member that is down only when it is also
/// unreachable, and the coordinator's office moves only then. Made by the cluster library, by its name in the settings. Thread-safe.
/// </summary>
/// <param name="config">akka.cluster.failure-detector.</param>
/// <param name="events">The actor system's.</param>
internal sealed class ProvenFailureDetector(Config config, EventStream events) : PhiAccrualFailureDetector(config, events)
{
    /// <summary>Addresses whose process is proven dead. Of the whole process: a proof holds for every actor system in it, and the library hands nothing of the system to a detector.</summary>
    private static readonly ConcurrentDictionary<string, bool> Dead = new(StringComparer.Ordinal);

    /// <summary>The process that had <paramref name="address"/> is gone, by proof and not by silence.</summary>
    public static void Prove(Address address)
    {
        ArgumentNullException.ThrowIfNull(address);
        Dead[address.ToString()] = true;
    }

    // A detector is made anew for each member at an address.
    private bool begun;

    /// <inheritdoc/>
    public override bool IsAvailable => base.IsAvailable && !(Address is { } peer && Dead.ContainsKey(peer));

    /// <summary>The first one is of a member that has just come: the proof was of its predecessor. A later one may be of the dead, and late.</summary>
    public override void HeartBeat()
    {
        if (!begun && Address is { } peer)
        {
            begun = true;
            Dead.TryRemove(peer, out _);
        }

        base.HeartBeat();
    }
}
