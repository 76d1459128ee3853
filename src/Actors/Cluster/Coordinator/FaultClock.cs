using System.Diagnostics;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>Measures each open fault phase by phase, from the first sign of it to the first step after it. Owned by the coordinator.</summary>
internal sealed class FaultClock(TimeProvider? time = null)
{
    private readonly TimeProvider time = time ?? TimeProvider.System;
    private readonly List<Open> open = [];
    private int detected;

    private sealed class Open
    {
        public required int Number { get; init; }

        public required string Kind { get; init; }

        public required string Target { get; init; }

        public required long AtStep { get; init; }

        public required string Phase { get; init; }

        public required string Reason { get; init; }

        public required bool Injected { get; init; }

        public required long Begun { get; init; }

        /// <summary>From the first sign of it to the proof.</summary>
        public double DetectedMs { get; set; }

        public double DecidedMs { get; set; }

        public double FetchedMs { get; set; }

        public double RestoredMs { get; set; }

        public double RejoinedMs { get; set; }

        public long RestoreStep { get; set; }

        public string Rung { get; set; } = "";

        public string Why { get; set; } = "";

        public double Plt { get; set; }

        public double Now() => Stopwatch.GetElapsedTime(Begun).TotalMilliseconds;
    }

    /// <summary>
    /// A fault's clock begins: at <paramref name="since"/> (Stopwatch timestamp) where something was seen before it was known, else now. It was known from <paramref name="known"/> on where the cluster knew it before this coordinator was in
    /// office, else from now on.
    /// </summary>
    public void Detected(string kind, string target, long atStep, string phase, string reason, bool injected, long? since = null, long? known = null)
    {
        var fault = new Open
        {
            Number = ++detected,
            Kind = kind,
            Target = target,
            AtStep = atStep,
            Phase = phase,
            Reason = reason,
            Injected = injected,
            Begun = since ?? known ?? Stopwatch.GetTimestamp(),
        };
        fault.DetectedMs = known is { } at ? Math.Max(0, Stopwatch.GetElapsedTime(fault.Begun, at).TotalMilliseconds) : since is null ? 0 : fault.Now();
        open.Add(fault);
    }

    public void Decided(long restoreStep)
    {
        foreach (Open fault in open)
        {
            (fault.DecidedMs, fault.RestoreStep) = (fault.Now(), restoreStep);
        }
    }

    public void Ready(double fetchMs, double restoreMs, string rung, string why, double plt)
    {
        foreach (Open fault in open)
        {
            (fault.Rung, fault.Why, fault.Plt) = (rung, why, plt);
            fault.RejoinedMs = fault.Now();
            fault.FetchedMs = fault.DecidedMs + fetchMs;
            fault.RestoredMs = Math.Min(fault.RejoinedMs, fault.FetchedMs + restoreMs);
        }
    }

    /// <summary>The faults as far as their recovery has come.</summary>
    public IReadOnlyList<FaultTimeline> Underway() => [.. open.Select(f => Timeline(f, null))];

    /// <summary>The first step after the faults is decided: they are over.</summary>
    public IReadOnlyList<FaultTimeline> FirstStep()
    {
        FaultTimeline[] done = [.. open.Select(f => Timeline(f, f.Now()))];
        open.Clear();
        return done;
    }

    private FaultTimeline Timeline(Open f, double? firstStep) => new(
        f.Kind, f.Target, f.AtStep, f.Phase, time.GetUtcNow() - Stopwatch.GetElapsedTime(f.Begun), f.DecidedMs, f.FetchedMs, f.RestoredMs, f.RejoinedMs, firstStep,
        f.Rung, f.Why.Length > 0 ? $"{f.Reason}; {f.Why}" : f.Reason, Math.Max(0, f.AtStep - f.RestoreStep), f.Injected)
    {
        Number = f.Number,
        DetectedMs = f.DetectedMs,

        // Faults of one recovery share its cost: it is told once.
        Plt = ReferenceEquals(f, open[0]) ? f.Plt : 0,
    };
}
