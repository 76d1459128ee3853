namespace MoeActors.Actors.Exchange;

/// <summary>An injected fault of what this node sends to one other.</summary>
internal sealed record LinkFault
{
    /// <summary>Share of the frames that are lost.</summary>
    public double Drop { get; init; }

    /// <summary>Share of the frames that arrive twice.</summary>
    public double Duplicate { get; init; }

    /// <summary>Share of the frames that are overtaken by the next.</summary>
    public double Reorder { get; init; }

    /// <summary>Most frames lost, doubled or overtaken: each breaks the connection.</summary>
    public long Count { get; init; } = long.MaxValue;

    /// <summary>Time each frame takes longer.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Bytes a second; 0 = no limit.</summary>
    public double BytesPerSecond { get; init; }

    /// <summary>Nothing passes, and no connection can be made.</summary>
    public bool Cut { get; init; }
}

/// <summary>
/// The faults of a running node's links, set and cleared by its fault agent. Peers are named by node, so a new process of a node finds the link as bad as its predecessor did.
/// Costs one look at an empty array while there are none. Thread-safe.
/// </summary>
/// <param name="inner">Faults that are always there; null = none.</param>
internal sealed class LinkFaultTable(ILinkFaults? inner = null) : ILinkFaults
{
    private readonly Lock gate = new();
    private readonly Random random = new(20240731);
    private readonly Dictionary<string, string> names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> past = new(StringComparer.Ordinal);
    private volatile Entry[] entries = [];

    private sealed class Entry(string id, string node, LinkFault fault)
    {
        public string Id => id;

        public string Node => node;

        public LinkFault Fault => fault;

        public long Hits;
    }

    /// <summary>Which node an incarnation is a process of.</summary>
    public void Learn(IEnumerable<(string Incarnation, string Node)> nodes)
    {
        lock (gate)
        {
            foreach ((string incarnation, string node) in nodes)
            {
                names[incarnation] = node;
            }
        }
    }

    /// <summary>From now on <paramref name="fault"/> is on what goes to <paramref name="node"/>.</summary>
    public void Set(string id, string node, LinkFault fault)
    {
        lock (gate)
        {
            entries = [.. entries.Where(e => e.Id != id), new Entry(id, node, fault)];
        }
    }

    /// <summary>The fault is over.</summary>
    public void Clear(string id)
    {
        lock (gate)
        {
            past[id] = Hits(id);
            entries = [.. entries.Where(e => e.Id != id)];
        }
    }

    /// <summary>Frames and connections a fault has hit so far; what it hit in all once it is over.</summary>
    public long Hits(string id)
    {
        lock (gate)
        {
            return Array.Find(entries, e => e.Id == id) is { } entry ? Interlocked.Read(ref entry.Hits) : past.GetValueOrDefault(id);
        }
    }

    /// <inheritdoc/>
    public TimeSpan DelayOf(in FrameHeader header, PeerAddress to) => inner?.DelayOf(in header, to) ?? TimeSpan.Zero;

    /// <inheritdoc/>
    public FrameFate FateOf(PeerAddress to)
    {
        if (entries.Length == 0)
        {
            return FrameFate.Pass;
        }

        if (Find(to, f => f.Cut) is { } cut)
        {
            Interlocked.Increment(ref cut.Hits);
            return FrameFate.Drop;
        }

        if (Find(to, f => f.Drop + f.Duplicate + f.Reorder > 0) is not { } entry)
        {
            return FrameFate.Pass;
        }

        lock (gate)
        {
            if (entry.Hits >= entry.Fault.Count)
            {
                return FrameFate.Pass;
            }

            double x = random.NextDouble();
            FrameFate fate = x < entry.Fault.Drop ? FrameFate.Drop
                : (x -= entry.Fault.Drop) < entry.Fault.Duplicate ? FrameFate.Duplicate
                : x - entry.Fault.Duplicate < entry.Fault.Reorder ? FrameFate.Overtaken : FrameFate.Pass;
            entry.Hits += fate == FrameFate.Pass ? 0 : 1;
            return fate;
        }
    }

    /// <inheritdoc/>
    public LinkModel LinkOf(PeerAddress to)
    {
        LinkModel always = inner?.LinkOf(to) ?? default;
        if (entries.Length == 0)
        {
            return always;
        }

        Entry? late = Find(to, f => f.Delay > TimeSpan.Zero), slow = Find(to, f => f.BytesPerSecond > 0);
        Array.ForEach([late, slow], e => Hit(e));
        return new LinkModel(always.Latency + (late?.Fault.Delay ?? TimeSpan.Zero), slow?.Fault.BytesPerSecond ?? always.BytesPerSecond);
    }

    /// <inheritdoc/>
    public bool Cuts(PeerAddress to)
    {
        if (entries.Length == 0 || Find(to, f => f.Cut) is not { } entry)
        {
            return false;
        }

        Interlocked.Increment(ref entry.Hits);
        return true;
    }

    private static void Hit(Entry? entry)
    {
        if (entry is not null)
        {
            Interlocked.Increment(ref entry.Hits);
        }
    }

    private Entry? Find(PeerAddress to, Func<LinkFault, bool> wanted)
    {
        lock (gate)
        {
            return names.TryGetValue(to.Incarnation, out string? node) ? Array.Find(entries, e => e.Node == node && wanted(e.Fault)) : null;
        }
    }
}
