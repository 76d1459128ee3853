using System.Diagnostics;

namespace MoeActors.Actors.Exchange;

/// <summary>An emulated link in one direction.</summary>
/// <param name="Latency">Time from a frame's last byte on the link to its arrival.</param>
/// <param name="BytesPerSecond">Bytes the link carries in a second; 0 = any number.</param>
internal readonly record struct LinkModel(TimeSpan Latency, double BytesPerSecond)
{
    /// <summary>Largest latency that travels with a frame.</summary>
    public static readonly TimeSpan MostLatency = TimeSpan.FromSeconds(10);

    /// <summary>Whether it changes nothing.</summary>
    public bool IsNone => Latency <= TimeSpan.Zero && BytesPerSecond <= 0;

    /// <summary>Latency as it travels, in whole microseconds.</summary>
    internal int Microseconds => (int)Math.Clamp(Latency.TotalMicroseconds, 0, MostLatency.TotalMicroseconds);

    /// <summary>Bandwidth as it travels, in KiB a second; 0 = no limit.</summary>
    internal int Kibibytes => BytesPerSecond <= 0 ? 0 : (int)Math.Clamp(Math.Round(BytesPerSecond / 1024), 1, int.MaxValue);
}

/// <summary>
/// When frames come out of an emulated link: one after the other at its bandwidth, each so much later at the other end. free = max(free, begun) + bytes/bandwidth; visible = free + latency. Pure.
/// </summary>
internal struct LinkClock
{
    private long free, last;

    /// <summary>When a frame is to be seen, as a <see cref="Stopwatch"/> timestamp; never before the frame ahead of it.</summary>
    /// <param name="begun">When its first bytes were here.</param>
    /// <param name="bytes">Bytes of the frame.</param>
    /// <param name="microseconds">Latency.</param>
    /// <param name="kibibytes">Bandwidth in KiB a second; 0 = no limit.</param>
    public long Visible(long begun, long bytes, int microseconds, int kibibytes)
    {
        free = Math.Max(free, begun) + (kibibytes == 0 ? 0 : (long)((double)bytes / kibibytes / 1024 * Stopwatch.Frequency));
        return last = Math.Max(last, free + (long)(microseconds / 1e6 * Stopwatch.Frequency));
    }
}
