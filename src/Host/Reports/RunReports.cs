using System.Globalization;
using System.Text.Json;

using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;

namespace MoeActors.Host.Reports;

/// <summary>
/// Builds a run's report from the logs in its folder and the ledger of its newest checkpoint: whoever asks, after however many coordinators, gets the same. What the logs lack is called
/// missing; nothing in them keeps a report from being built.
/// </summary>
internal static class RunReports
{
    /// <summary>Type of the event that carries a validation loss.</summary>
    public const string ValidationEvent = "validation";

    /// <summary>Name of the run's record in its folder.</summary>
    public const string RecordName = Compute.Moe.RecordName;

    private const string Completed = "completed";

    /// <summary>Builds the report.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="spec">The run.</param>
    /// <param name="outcome">How it ended: "completed", "stopped", "failed: …".</param>
    /// <param name="ledger">Ledger of the newest checkpoint; null where it cannot be read.</param>
    /// <param name="generated">A sample of text.</param>
    public static RunReport Build(string folder, RunSpec spec, string outcome, SampleLedger? ledger, GeneratedSample? generated = null)
    {
        EventHistory events = EventsLog.Read(Path.Combine(folder, EventsLog.FileName));
        StepHistory history = StepsLog.Read(Path.Combine(folder, StepsLog.FileName));
        Dictionary<long, double> validation = ValidationLosses(events);
        history = history with
        {
            Steps = [.. history.Steps.Select(s => validation.TryGetValue(s.Step + 1, out double loss) ? s with { ValidationLoss = loss } : s)],
        };
        RunEvent? started = events.All.FirstOrDefault(e => e.Type is "started");
        var counts = ProvenCounts.Of(
            history, ledger, spec.Training.GlobalBatch, spec.Model.Context, outcome == Completed ? spec.Training.Steps : null, [.. history.LeftOut, .. events.LeftOut]);
        StateMark? last = events.Marks.LastOrDefault(m => m.Step <= counts.Steps);
        int reason = outcome.IndexOf(':', StringComparison.Ordinal);
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
                StartedAt = started?.At ?? (events.All.Count > 0 ? events.All[0].At : TimeProvider.System.GetUtcNow()),
                Command = started?.Message ?? "",
            },
            History = history,
            Checkpoints = events.Checkpoints,
            Checkpointing = CheckpointSettings.Of(spec),
            Faults = events.Faults,
            StateHashes = events.Marks,
            Counts = counts,
            Wall = RunWall.Of(events.All, events.All.Count > 0 ? events.All[^1].At : TimeProvider.System.GetUtcNow()),
            Outcome = reason < 0 ? outcome : outcome[..reason],
            OutcomeReason = reason < 0 ? null : outcome[(reason + 1)..].Trim(),
            ValidationLoss = validation.Count > 0 ? validation.MaxBy(v => v.Key).Value : null,
            WeightsHash = last?.WeightsHash,
            StateHash = last?.StateHash,
            Generated = generated,
        });
    }

    private static Dictionary<long, double> ValidationLosses(EventHistory events)
    {
        var losses = new Dictionary<long, double>();
        foreach (RunEvent e in events.All)
        {
            if (e is { Type: ValidationEvent, Step: { } step } && double.TryParse(e.Message, NumberStyles.Float, CultureInfo.InvariantCulture, out double loss))
            {
                losses[step] = loss;
            }
        }

        return losses;
    }
}
