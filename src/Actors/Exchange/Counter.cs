namespace MoeActors.Actors.Exchange;

/// <summary>A thread-safe sum that also adds to the sum of its parent.</summary>
internal sealed class Counter(Counter? parent = null)
{
    private long value;

    internal long Value => Interlocked.Read(ref value);

    internal void Increment() => Add(1);

    internal void Add(long amount)
    {
        Interlocked.Add(ref value, amount);
        parent?.Add(amount);
    }
}

/// <summary>Counters of one connection, or of the whole exchange (the parent of all).</summary>
internal sealed class ExchangeCounters(ExchangeCounters? parent = null)
{
    internal Counter FramesIn { get; } = new(parent?.FramesIn);

    internal Counter FramesOut { get; } = new(parent?.FramesOut);

    internal Counter BytesIn { get; } = new(parent?.BytesIn);

    internal Counter BytesOut { get; } = new(parent?.BytesOut);

    internal Counter LocalFrames { get; } = new(parent?.LocalFrames);

    internal Counter LocalBytes { get; } = new(parent?.LocalBytes);

    internal Counter DroppedByEpoch { get; } = new(parent?.DroppedByEpoch);

    internal Counter DroppedUnknown { get; } = new(parent?.DroppedUnknown);

    internal Counter DroppedDisconnected { get; } = new(parent?.DroppedDisconnected);

    internal Counter ChecksumFailures { get; } = new(parent?.ChecksumFailures);

    internal Counter ProtocolFailures { get; } = new(parent?.ProtocolFailures);

    internal Counter Refused { get; } = new(parent?.Refused);

    internal Counter CreditWaits { get; } = new(parent?.CreditWaits);

    internal Counter CreditWaitTicks { get; } = new(parent?.CreditWaitTicks);
}
