using MoeActors.Bench.Report;

namespace MoeActors.Bench.Checkpoints;

/// <summary>What all rounds of one variant measured, and its rows.</summary>
internal sealed class CheckpointRuns(CheckpointVariant variant)
{
    private readonly List<double> ordinary = [];
    private readonly List<CheckpointTime> times = [];
    private int expected;

    /// <summary>The variant.</summary>
    public CheckpointVariant Variant => variant;

    /// <summary>Adds a round's run; returns it in words.</summary>
    /// <param name="run">The run.</param>
    /// <param name="options">What was asked for.</param>
    /// <param name="referenceMs">Ordinary step of the round's run without checkpoints, for a run that has too few steps of its own that no checkpoint touches.</param>
    public string Add(RunTrace run, CheckpointOptions options, double referenceMs)
    {
        IReadOnlyList<double> own = CheckpointTimes.Ordinary(run, options.Interval, options.MeasuredSteps);
        ordinary.AddRange(own);
        double stepMs = own.Count < 2 ? referenceMs : Statistics.Median(own);
        IReadOnlyList<CheckpointTime> found = CheckpointTimes.Measure(run, variant.Blocking, stepMs, options.MeasuredSteps);
        times.AddRange(found);
        expected += ((options.MeasuredSteps - 2) / options.Interval) - 1;
        return found.Count == 0
            ? $"{stepMs:0} ms a step, no checkpoint measured"
            : $"{stepMs:0} ms a step; {found.Count} checkpoints: stall {Statistics.Median(found.Select(t => t.StallMs)):0} ms, durable after {Statistics.Median(found.Select(t => t.DurableMs)):0} ms";
    }

    /// <summary>Its rows beside blocking full checkpoints (null: these are they). Throws <see cref="BenchException"/> when nothing was measured.</summary>
    public IEnumerable<BenchRow> Rows(double referenceMs, CheckpointRuns? baseline)
    {
        if (times.Count == 0)
        {
            throw new BenchException($"checkpoint {variant.Name}: none of its checkpoints was published in time; give more --steps or a larger --interval");
        }

        string name = $"checkpoint {variant.Name}";
        string? left = times.Count < expected ? $"{expected - times.Count} of {expected} left out: not published in time, or the one before was still being written" : null;
        if (ordinary.Count > 0)
        {
            yield return BenchRow.Of(name, "ordinary step", "ms", ordinary, referenceMs, "baseline: without checkpoints");
        }

        yield return Row("stall (O_save)", "ms", t => t.StallMs, left);
        yield return Row("checkpointing iteration", "ms", t => t.IterationMs);
        yield return Row("added until durable", "ms", t => t.AddedMs);
        yield return Row("decision to durable", "ms", t => t.DurableMs);
        if (times.TrueForAll(t => t.Published.SnapshotMs is not null))
        {
            yield return Row("copy", "ms", t => t.Published.SnapshotMs ?? double.NaN);
        }

        yield return Row("persist", "ms", t => t.Published.PersistMs);
        yield return Row("written, all ranks", "MB", t => t.Published.Bytes / 1e6);
        yield return Row("written, busiest rank", "MB", t => t.Published.BytesPerRank.Max() / 1e6);
        yield return BenchRow.Of(name, "speed, one every 10 steps", "of none", [.. times.Select(t => t.SpeedShare)]);

        BenchRow Row(string metric, string unit, Func<CheckpointTime, double> value, string? note = null)
        {
            // A stall lost in the noise may come out at nothing or less: no ratio to that.
            double? beside = baseline is not null && Statistics.Median(baseline.times.Select(value)) is > 0 and double median ? median : null;
            string? against = beside is null ? null : $"baseline: {baseline!.Variant.Name}";
            return BenchRow.Of(name, metric, unit, [.. times.Select(value)], beside, note is null || against is null ? note ?? against : $"{against}; {note}");
        }
    }
}
