namespace MoeActors.Actors.Checkpointing;

/// <summary>An injected fault of writes to storage.</summary>
/// <param name="Error">What each write fails with; null = it does not fail.</param>
/// <param name="Wait">What each write waits before.</param>
public sealed record StorageFault(string? Error, TimeSpan Wait);

/// <summary>The injected faults of what a node writes to its checkpoints' storage; every write passes it. Thread-safe.</summary>
public sealed class StorageFaultGate
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, long> past = new(StringComparer.Ordinal);
    private volatile Entry[] entries = [];

    private sealed class Entry(string id, StorageFault fault)
    {
        public string Id => id;

        public StorageFault Fault => fault;

        public long Hits;
    }

    /// <summary>From now on.</summary>
    public void Set(string id, StorageFault fault)
    {
        lock (gate)
        {
            entries = [.. entries.Where(e => e.Id != id), new Entry(id, fault)];
        }
    }

    /// <summary>It is over.</summary>
    public void Clear(string id)
    {
        lock (gate)
        {
            past[id] = Hits(id);
            entries = [.. entries.Where(e => e.Id != id)];
        }
    }

    /// <summary>Writes a fault has hit so far; all of them once it is over.</summary>
    public long Hits(string id)
    {
        lock (gate)
        {
            return Array.Find(entries, e => e.Id == id) is { } entry ? Interlocked.Read(ref entry.Hits) : past.GetValueOrDefault(id);
        }
    }

    /// <summary>A write of <paramref name="name"/> is about to happen: waits, or throws <see cref="IOException"/>, as the faults say.</summary>
    internal void Pass(string name)
    {
        foreach (Entry entry in entries)
        {
            Interlocked.Increment(ref entry.Hits);
            if (entry.Fault.Wait > TimeSpan.Zero)
            {
                Thread.Sleep(entry.Fault.Wait);
            }

            if (entry.Fault.Error is { } error)
            {
                throw new IOException($"{name}: {error} (injected {entry.Id})");
            }
        }
    }
}
