using System.Collections.Concurrent;
using System.Diagnostics;

namespace MoeActors.Actors.ControlPlane;

/// <summary>How a listener breaks the handshakes of those who dial it.</summary>
internal enum BreakKind
{
    /// <summary>The connection is closed at once.</summary>
    Close,

    /// <summary>Something else than TLS is answered.</summary>
    Garbage,

    /// <summary>The handshake stands still after its first bytes, then the connection is closed.</summary>
    Half,
}

/// <summary>An injected failure of a node's TLS: for a time every control connection it has is torn, and each one that is made breaks in its handshake, in all three ways in turn. Thread-safe.</summary>
internal sealed class ControlBreak
{
    private readonly ConcurrentDictionary<Action, bool> connections = new();
    private long until;
    private int turn;

    /// <summary>Whether handshakes break now.</summary>
    internal bool IsBroken => Volatile.Read(ref until) is not 0 and var end && Stopwatch.GetTimestamp() < end;

    /// <summary>Handshakes broken so far.</summary>
    internal int Broken => Volatile.Read(ref turn);

    /// <summary>Breaks everything for <paramref name="length"/>, by its own clock.</summary>
    internal void Begin(TimeSpan length)
    {
        Volatile.Write(ref until, Stopwatch.GetTimestamp() + (long)(length.TotalSeconds * Stopwatch.Frequency));
        foreach (Action abort in connections.Keys)
        {
            abort();
        }
    }

    /// <summary>Handshakes succeed again.</summary>
    internal void Heal() => Volatile.Write(ref until, 0);

    /// <summary>How the next handshake breaks.</summary>
    internal BreakKind Next() => (BreakKind)(Interlocked.Increment(ref turn) % 3);

    internal void Add(Action abort) => connections.TryAdd(abort, true);

    internal void Remove(Action abort) => connections.TryRemove(abort, out _);
}
