namespace MoeActors.Host.Http;

/// <summary>
/// The places of the status server. A new connection always gets one: when all are taken, the one that has been silent longest gives up its place, and only where every one is being answered, the
/// oldest of these. So connections that are opened and say nothing keep nobody from an answer. Thread-safe.
/// </summary>
internal sealed class ConnectionPlaces(int places)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Place> taken = [];
    private long now;

    /// <summary>A connection comes; another may have to leave for it.</summary>
    /// <param name="id">Its name.</param>
    /// <param name="leave">Called, outside the lock, when it must give up its place.</param>
    public void Enter(string id, Action leave)
    {
        Place? leaves = null;
        lock (gate)
        {
            if (taken.Count >= places)
            {
                leaves = taken.Values.MinBy(p => (p.Answering, p.Since))!;
                taken.Remove(leaves.Id);
            }

            taken[id] = new Place(id, leave) { Since = now++ };
        }

        leaves?.Leave();
    }

    /// <summary>A request of the connection is being answered, or no longer is.</summary>
    public void Answering(string id, bool begins)
    {
        lock (gate)
        {
            if (taken.TryGetValue(id, out Place? place))
            {
                (place.Answering, place.Since) = (begins, now++);
            }
        }
    }

    /// <summary>The connection has ended.</summary>
    public void Leave(string id)
    {
        lock (gate)
        {
            taken.Remove(id);
        }
    }

    private sealed class Place(string id, Action leave)
    {
        public string Id { get; } = id;

        public Action Leave { get; } = leave;

        public bool Answering { get; set; }

        public long Since { get; set; }
    }
}
