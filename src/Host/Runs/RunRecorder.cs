using System.Text.Json;

using MoeActors.Actors.Cluster;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Data;
using MoeActors.Compute.Models;
using MoeActors.Host.Http;
using MoeActors.Host.Reports;

namespace MoeActors.Host.Runs;

/// <summary>
/// The coordinator's recorder: steps.jsonl and events.jsonl as things happen, report.json and its page at the end. A coordinator that takes over
/// appends to the same files. A disk that refuses a line is said once and never stops the run.
/// </summary>
internal sealed class RunRecorder : IRunRecorder
{
    private readonly string folder;
    private readonly StepsLog steps;
    private readonly EventsLog events;
    private readonly Dictionary<int, int> idOfFault = [];
    private readonly List<FaultRecord> inherited = [];
    private readonly LiveEttr ettr;
    private int faults;
    private bool refused;
    private RunSpec? spec;
    private readonly TimeProvider time;

    /// <summary>Opens the logs of a run's folder; throws <see cref="IOException"/> when they cannot be read or written.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="time">Clock of what is written down; the machine's by default.</param>
    public RunRecorder(string folder, TimeProvider? time = null)
    {
        this.folder = folder;
        this.time = time ?? TimeProvider.System;
        string path = Path.Combine(folder, EventsLog.FileName);
        try
        {
            steps = new StepsLog(Path.Combine(folder, StepsLog.FileName));
            events = new EventsLog(path, time);
            EventHistory history = EventsLog.Read(path);
            faults = history.Faults.Count;
            inherited.AddRange(history.Faults.Where(f => f.FirstStepMs is null));
            ettr = new LiveEttr(StepsLog.Read(Path.Combine(folder, StepsLog.FileName)), RunReports.Wall(history, this.time.GetUtcNow()), this.time);
            IsEnded = history.All.LastOrDefault(e => e.Type is "started" or "resumed" or "ended")?.Type == "ended";
            NewestEpoch = (int)history.All.Select(e => e.Epoch ?? 0).DefaultIfEmpty().Max();
        }
        catch (ReportException e)
        {
            steps?.Dispose();
            events?.Dispose();
            throw new IOException(e.Message, e);
        }
    }

    /// <inheritdoc/>
    public int NewestEpoch { get; }

    /// <inheritdoc/>
    public double Ettr => ettr.Share;

    /// <inheritdoc/>
    public bool IsEnded { get; }

    /// <inheritdoc/>
    public void Opened(RunSpec spec, string command, bool resumed)
    {
        this.spec = spec;
        Write(() => events.Append(resumed ? "resumed" : "started", command));
    }

    /// <inheritdoc/>
    public void Record(RunSpec spec)
    {
        this.spec = spec;
        Write(() => RunFolders.Replace(folder, spec));
    }

    /// <inheritdoc/>
    public void Step(DecidedStep step, double ms)
    {
        var line = new StepLine
        {
            Step = step.Step,
            Epoch = step.Epoch,
            Loss = step.Loss,
            Tokens = step.Tokens,
            Ms = ms,
            ExposedCommunicationMs = step.ExposedMs,
            CheckpointStallMs = step.SnapshotStallMs,
            GradientNorm = step.GradientNorm,
            LearningRate = step.LearningRate,
            Dropped = step.Dropped,
            Skipped = step.Skipped,
            SlowestRank = step.SlowestRank,
            Plt = step.Plt,
            ForwardBackwardMs = step.ForwardBackwardMs > 0 ? step.ForwardBackwardMs : null,
        };
        Write(() => steps.Append(line));
        CloseInherited();
        ettr.Add(line);
        RunMetrics.Step(line);
    }

    /// <inheritdoc/>
    public void Validation(long step, double loss) =>
        Write(() => events.Append(RunReports.ValidationEvent, loss.ToString("R", System.Globalization.CultureInfo.InvariantCulture), step));

    /// <inheritdoc/>
    public void Checkpoint(CommittedCheckpoint checkpoint)
    {
        RunMetrics.Checkpoint(checkpoint);
        Write(() => Append(checkpoint));
    }

    private int IdOf(FaultTimeline fault)
    {
        if (!idOfFault.TryGetValue(fault.Number, out int id))
        {
            idOfFault.Add(fault.Number, id = ++faults);
        }

        return id;
    }

    private void Append(CommittedCheckpoint checkpoint)
    {
        events.Append(new CheckpointRecord
        {
            Step = checkpoint.Step,
            Kind = checkpoint.Kind,
            Bytes = checkpoint.Bytes,
            BytesPerRank = checkpoint.BytesPerRank,
            SnapshotMs = checkpoint.SnapshotMs,
            PersistMs = checkpoint.PersistMs,
            Verified = checkpoint.StateHash.Length > 0,
        });
        if (checkpoint.StateHash.Length > 0)
        {
            events.Append(new StateMark(checkpoint.Step, checkpoint.WeightsHash, checkpoint.StateHash));
        }
    }

    // Their coordinator was lost before the first step after them: it is this one.
    private void CloseInherited()
    {
        foreach (FaultRecord fault in inherited)
        {
            Write(() => events.Append(fault with { FirstStepMs = fault.At is { } at ? Math.Max(0, (time.GetUtcNow() - at).TotalMilliseconds) : null }));
        }

        inherited.Clear();
    }

    /// <inheritdoc/>
    public void CheckpointFailed(long step) => CheckpointMetrics.Failed.Inc();

    /// <inheritdoc/>
    public void FaultUnderway(FaultTimeline fault)
    {
        Append(fault);
        RunMetrics.FaultUnderway();
    }

    /// <inheritdoc/>
    public void Fault(FaultTimeline fault)
    {
        Append(fault);
        RunMetrics.Fault(fault);
    }

    private void Append(FaultTimeline fault) => Write(() => events.Append(new FaultRecord
    {
        Id = IdOf(fault),
        Kind = fault.Kind,
        Target = fault.Target,
        AtStep = fault.AtStep,
        Injected = fault.Injected,
        DetectedMs = fault.DetectedMs,
        DecidedMs = fault.DecidedMs,
        FetchedMs = fault.FetchedMs,
        RestoredMs = fault.RestoredMs,
        RejoinedMs = fault.RejoinedMs,
        FirstStepMs = fault.FirstStepMs,
        Rung = fault.Rung,
        Reason = fault.Reason,
        LostSteps = fault.LostSteps,
        Plt = fault.Plt,
        Phase = fault.Phase,
        At = fault.At,
    }));

    /// <inheritdoc/>
    public void Epoch(int epoch, long restoreStep, Placement placement, IReadOnlyDictionary<string, EpochPrepared> nodes) => Write(() =>
        events.Append(
            "epoch",
            JsonSerializer.Serialize(
                new
                {
                    epoch,
                    restoreStep,
                    placement.Reason,
                    nodes = placement.Nodes.Select((n, i) => new
                    {
                        n.Name,
                        n.Pid,
                        n.Incarnation,
                        ranks = Enumerable.Range(0, placement.NodeOfRank.Count).Where(r => placement.NodeOfRank[r] == i),
                        actors = nodes.TryGetValue(n.Incarnation, out EpochPrepared? ready) ? ready.Actors : [],
                    }),
                },
                JsonSerializerOptions.Web),
            restoreStep,
            epoch));

    /// <inheritdoc/>
    public void Note(string text) => Write(() => events.Append("note", text));

    /// <inheritdoc/>
    public void Ended(string outcome, CommittedCheckpoint? last)
    {
        Write(() => events.Append("ended", outcome, last?.Step));
        Write(() => RunReports.Write(folder, outcome, spec));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        steps.Dispose();
        events.Dispose();
    }

    private void Write(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ReportException && !refused)
        {
            refused = true;
            Console.Error.WriteLine($"moe: the run goes on, but its report is incomplete: {e.Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ReportException)
        {
            // Said before.
        }
    }
}
