using System.Globalization;
using System.Text.Json;

using MoeActors.Actors.Cluster;
using MoeActors.Compute.Data;
using MoeActors.Compute.Models;
using MoeActors.Host.Reports;

namespace MoeActors.Host.Runs;

/// <summary>Builds a run's report from the logs in its folder: whoever asks, after however many coordinators, gets the same.</summary>
internal static class RunReports
{
    /// <summary>Type of the event that carries a validation loss.</summary>
    public const string ValidationEvent = "validation";

    /// <summary>Name of the run's record in its folder.</summary>
    public const string RecordName = "run.json";

    /// <summary>Writes report.json and its page; returns the path of report.json.</summary>
    public static string Write(string folder, string outcome, RunSpec? known = null, GeneratedSample? generated = null)
    {
        RunSpec spec = known ?? RunSpec.FromJson(File.ReadAllText(Path.Combine(folder, RecordName)), Path.Combine(folder, RecordName));
        return ReportWriter.Write(Build(folder, spec, outcome, generated), folder);
    }

    private static RunReport Build(string folder, RunSpec spec, string outcome, GeneratedSample? generated)
    {
        EventHistory events = EventsLog.Read(Path.Combine(folder, EventsLog.FileName));
        StepHistory history = StepsLog.Read(Path.Combine(folder, StepsLog.FileName));
        Dictionary<long, double> validation = events.All
            .Where(e => e.Type == ValidationEvent && e.Step is not null)
            .GroupBy(e => e.Step!.Value)
            .ToDictionary(g => g.Key, g => double.Parse(g.Last().Message!, CultureInfo.InvariantCulture));
        history = history with
        {
            Steps = [.. history.Steps.Select(s => validation.TryGetValue(s.Step + 1, out double loss) ? s with { ValidationLoss = loss } : s)],
        };
        RunEvent? started = events.All.FirstOrDefault(e => e.Type is "started");
        StateMark? last = events.Marks.Count > 0 ? events.Marks[^1] : null;
        long steps = history.Steps.Count, tokensPerSample = spec.Model.Context;
        long skipped = history.Steps.Count(s => s.Skipped) * (long)spec.Training.GlobalBatch;
        (long lost, long repeated) = Audit(history, spec);
        return ReportBuilder.Build(new ReportInput
        {
            Run = new RunInfo
            {
                Id = spec.RunId,
                Preset = spec.Model.Name,
                Config = JsonSerializer.Deserialize<JsonElement>(spec.ToJson()),
                Seed = spec.Training.Seed,
                Nodes = spec.Nodes,
                Ranks = spec.Layout.Ranks,
                Layout = spec.Layout,
                StartedAt = started?.At ?? TimeProvider.System.GetUtcNow(),
                Command = started?.Message ?? "",
            },
            History = history,
            Checkpoints = events.Checkpoints,
            Checkpointing = CheckpointSettings.Of(spec),
            Faults = events.Faults,
            StateHashes = events.Marks,
            Samples = new SampleCounts((steps * spec.Training.GlobalBatch) - skipped, history.RecomputedTokens / tokensPerSample, lost, repeated),
            Wall = Wall(events, events.All.Count > 0 ? events.All[^1].At : TimeProvider.System.GetUtcNow()),
            Outcome = outcome.Split(':')[0],
            OutcomeReason = outcome.Contains(':', StringComparison.Ordinal) ? outcome[(outcome.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim() : null,
            ValidationLoss = validation.Count > 0 ? validation.OrderBy(v => v.Key).Last().Value : null,
            WeightsHash = last?.WeightsHash,
            StateHash = last?.StateHash,
            Generated = generated,
        });
    }

    /// <summary>DA-1, counted from the surviving history itself: every sample of its steps once.</summary>
    private static (long Lost, long Repeated) Audit(StepHistory history, RunSpec spec)
    {
        long batch = spec.Training.GlobalBatch;
        long end = history.Steps.Count > 0 ? history.Steps.Max(s => s.Step) + 1 : 0;
        long distinct = history.Steps.Select(s => s.Step).Distinct().LongCount();
        return ((end - distinct) * batch, (history.Steps.Count - distinct) * batch);
    }

    /// <summary>Time between start and end of each stretch in which the run was being trained; one that has no end yet ends at <paramref name="now"/>.</summary>
    public static TimeSpan Wall(EventHistory events, DateTimeOffset now)
    {
        TimeSpan wall = TimeSpan.Zero;
        DateTimeOffset? begun = null;
        foreach (RunEvent e in events.All)
        {
            begun = e.Type is "started" or "resumed" ? begun ?? e.At : begun;
            if (e.Type == "ended" && begun is { } from)
            {
                wall += e.At - from;
                begun = null;
            }
        }

        return begun is { } open ? wall + (now - open) : wall;
    }
}
