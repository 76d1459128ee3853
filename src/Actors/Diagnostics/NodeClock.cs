namespace MoeActors.Actors.Diagnostics;

/// <summary>
/// The one place where a node asks what time of day it is. Only what is written down for people, or signed for an object store, needs that: whatever is waited for is measured by the monotonic clock, so that
/// a jump of the wall clock changes no decision. An injected jump (AD-1) is one of this node's view; the machine's clock is left alone. Thread-safe.
/// </summary>
/// <param name="machine">The clock beneath it; null = the machine's.</param>
public sealed class NodeClock(TimeProvider? machine = null) : TimeProvider
{
    private readonly TimeProvider machine = machine ?? System;
    private long shiftTicks;

    /// <summary>How far this node's wall clock is off.</summary>
    public TimeSpan Shift
    {
        get => TimeSpan.FromTicks(Interlocked.Read(ref shiftTicks));
        set => Interlocked.Exchange(ref shiftTicks, value.Ticks);
    }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => machine.GetUtcNow() + Shift;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => machine.LocalTimeZone;

    /// <inheritdoc/>
    public override long GetTimestamp() => machine.GetTimestamp();

    /// <inheritdoc/>
    public override long TimestampFrequency => machine.TimestampFrequency;

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => machine.CreateTimer(callback, state, dueTime, period);
}
