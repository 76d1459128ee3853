using System.Diagnostics;

using MoeActors.Actors.Exchange;
using MoeActors.Bench.Report;

namespace MoeActors.Bench.Cases;

/// <summary>The emulated link against its own arithmetic: how much later than it should a frame comes out, for one frame at a time and for a burst that is paced, and what of a core that takes.</summary>
internal sealed class LinkCase : IBenchCase
{
    private const int Frames = 200, Burst = 1024, BurstKibibytes = 64 << 10, BurstBytes = 64 << 10;

    public string Name => CaseNames.Link;

    public Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        var rows = new List<BenchRow>();
        foreach (int microseconds in (int[])[50, 200, 1000, 5000])
        {
            using var probe = new Probe();
            for (int i = 0; i < (context.Runs ?? Frames); i++)
            {
                cancel.ThrowIfCancellationRequested();
                probe.Take(0, microseconds, 0);
                probe.Arrived.Wait(cancel);
            }

            rows.Add(BenchRow.Of($"link {microseconds} µs", "too late", "µs", probe.Late));
        }

        using var paced = new Probe();
        TimeSpan processor = Process.GetCurrentProcess().TotalProcessorTime;
        long begun = Stopwatch.GetTimestamp();
        for (int i = 0; i < Burst; i++)
        {
            paced.Take(BurstBytes, 5000, BurstKibibytes);
        }

        for (int i = 0; i < Burst; i++)
        {
            paced.Arrived.Wait(cancel);
        }

        double ms = Stopwatch.GetElapsedTime(begun).TotalMilliseconds, cpu = (Process.GetCurrentProcess().TotalProcessorTime - processor).TotalMilliseconds;
        string burst = $"link {Burst} × 64 KiB, 64 MiB/s";
        rows.Add(BenchRow.Of(burst, "too late", "µs", paced.Late));
        rows.Add(BenchRow.Of(burst, "all of them", "ms", [ms], (1000.0 * Burst * BurstBytes / 1024 / BurstKibibytes) + 5, "baseline: bytes/bandwidth + 5 ms"));
        rows.Add(BenchRow.Of(burst, "of a core, meanwhile", "%", [100 * cpu / ms]));
        return Task.FromResult<IReadOnlyList<BenchRow>>(rows);
    }

    /// <summary>A link, and how late what comes out of it is. One thread puts frames in.</summary>
    private sealed class Probe : IDisposable
    {
        private readonly EmulatedLink link;
        private LinkClock clock;

        public Probe() => link = new EmulatedLink(
            frame =>
            {
                // The time it should come out travels in the step.
                Late.Add((Stopwatch.GetTimestamp() - frame.Header.Step) * 1e6 / Stopwatch.Frequency);
                Arrived.Release();
            },
            "bench-link");

        public List<double> Late { get; } = [];

        public SemaphoreSlim Arrived { get; } = new(0);

        public void Take(int bytes, int microseconds, int kibibytes)
        {
            long now = Stopwatch.GetTimestamp();
            FrameHeader header = default;
            (header.PayloadBytes, header.LinkMicroseconds, header.LinkKibibytes) = (Math.Max(0, bytes - FrameHeader.Size), microseconds, kibibytes);
            header.Step = clock.Visible(now, FrameHeader.Size + header.PayloadBytes, microseconds, kibibytes);
            link.Take(new Ticket(in header, [], null), now);
        }

        public void Dispose()
        {
            link.Dispose();
            Arrived.Dispose();
        }
    }
}
