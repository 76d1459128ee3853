using System.Text.Json;

using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Cluster.Placements;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;
using MoeActors.Host.Http;
using MoeActors.Host.Reports;
using MoeActors.Host.Reports.Html;

namespace MoeActors.Host.Runs;

/// <summary>
/// The coordinator's recorder: steps.jsonl and events.jsonl as things happen, report.json and its page at the end. A coordinator that takes over
/// appends to the same files. Nothing that is wrong with them stops the run: damaged lines are left out, lines that cannot be written are missing, and both are told once.
/// </summary>
internal sealed class RunRecorder : IRunRecorder
{
    private readonly string folder;
    private readonly TimeProvider time;
    private readonly RunLogs logs;
    private readonly EventHistory past;
    private readonly StepHistory pastSteps;
    private readonly DateTimeOffset? lastSign;
    private readonly Queue<string> warnings = new();
    private readonly Dictionary<int, int> idOfFault = [];
    private readonly List<FaultRecord> inherited = [];
    private LiveEttr ettr;
    private int faults;

    /// <summary>How long nobody trained the run before it was resumed.</summary>
    private TimeSpan idle;
    private RunSpec? spec;

    /// <summary>Reads the logs of a run's folder as far as they can be read, and takes them over.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="time">Clock of what is written down; the machine's by default.</param>
    public RunRecorder(string folder, TimeProvider? time = null)
    {
        this.folder = folder;
        this.time = time ?? TimeProvider.System;
        logs = new RunLogs(folder, this.time, warnings.Enqueue);
        logs.Open();
        past = EventsLog.Read(logs.EventsPath);
        pastSteps = StepsLog.Read(logs.StepsPath);
        foreach (string line in past.LeftOut.Concat(pastSteps.LeftOut))
        {
            warnings.Enqueue($"report incomplete: {line}");
        }

        faults = past.Faults.Select(f => f.Id).DefaultIfEmpty().Max();
        inherited.AddRange(past.Faults.Where(f => f.FirstStepMs is null));
        lastSign = RunWall.LastSign(past.All, pastSteps.Steps);
        ettr = new LiveEttr(pastSteps, RunWall.Of(past.All, this.time.GetUtcNow()), this.time);
        IsEnded = past.All.LastOrDefault(e => e.Type is "started" or "resumed" or "ended")?.Type == "ended";
        NewestEpoch = (int)past.All.Select(e => e.Epoch ?? 0).Append(pastSteps.NewestEpoch).Max();
    }

    /// <inheritdoc/>
    public int NewestEpoch { get; }

    /// <inheritdoc/>
    public double Ettr => ettr.Share;

    /// <inheritdoc/>
    public bool IsEnded { get; }

    /// <inheritdoc/>
    public string? TakeWarning() => warnings.TryDequeue(out string? warning) ? warning : null;

    /// <inheritdoc/>
    public void Opened(RunSpec spec, string command, bool resumed)
    {
        this.spec = spec;
        if (!resumed)
        {
            logs.Append(events => events.Append("started", command));
            return;
        }

        logs.Append(events => events.AppendResumed(command, lastSign));
        DateTimeOffset now = time.GetUtcNow();
        idle = lastSign is { } sign && sign < now ? now - sign : TimeSpan.Zero;
        ettr = new LiveEttr(pastSteps, RunWall.Of([.. past.All, new RunEvent { At = now, Type = "resumed", LastSign = lastSign }], now), time);
    }

    /// <inheritdoc/>
    public void Record(RunSpec spec)
    {
        this.spec = spec;
        Try(RunReports.RecordName, () => RunFolders.Replace(folder, spec));
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
            Losses = step.Losses,
            Load = step.Load,
            LoadEntropy = [.. step.Load.Select(RouterLoad.Entropy)],
            Skipped = step.Skipped,
            SlowestRank = step.SlowestRank,
            Plt = step.Plt,
            ForwardBackwardMs = step.ForwardBackwardMs > 0 ? step.ForwardBackwardMs : null,
        };
        logs.Append(line);
        CloseInherited();
        ettr.Add(line);
        RunMetrics.Step(line);
    }

    /// <inheritdoc/>
    public void Validation(long step, double loss) =>
        logs.Append(events => events.Append(RunReports.ValidationEvent, loss.ToString("R", System.Globalization.CultureInfo.InvariantCulture), step));

    /// <inheritdoc/>
    public void Checkpoint(CommittedCheckpoint checkpoint)
    {
        RunMetrics.Checkpoint(checkpoint);
        logs.Append(events => events.Append(new CheckpointRecord
        {
            Step = checkpoint.Step,
            Kind = checkpoint.Kind,
            Bytes = checkpoint.Bytes,
            BytesPerRank = checkpoint.BytesPerRank,
            SnapshotMs = checkpoint.SnapshotMs,
            PersistMs = checkpoint.PersistMs,
            Verified = checkpoint.StateHash.Length > 0,
        }));
        if (checkpoint.StateHash.Length > 0)
        {
            logs.Append(events => events.Append(new StateMark(checkpoint.Step, checkpoint.WeightsHash, checkpoint.StateHash)));
        }
    }

    private int IdOf(FaultTimeline fault)
    {
        if (!idOfFault.TryGetValue(fault.Number, out int id))
        {
            idOfFault.Add(fault.Number, id = ++faults);
        }

        return id;
    }

    // Their coordinator was lost before the first step after them: it is this one.
    private void CloseInherited()
    {
        foreach (FaultRecord fault in inherited)
        {
            logs.Append(events => events.Append(fault with { FirstStepMs = fault.At is { } at ? Math.Max(0, (time.GetUtcNow() - at - idle).TotalMilliseconds) : null }));
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

    private void Append(FaultTimeline fault) => logs.Append(events => events.Append(new FaultRecord
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
    public void Epoch(int epoch, long restoreStep, Placement placement, IReadOnlyDictionary<string, EpochPrepared> nodes) => logs.Append(events =>
        events.Append(
            EventHistory.EpochType,
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
    public void Note(string text) => logs.Append(events => events.Append("note", text));

    /// <inheritdoc/>
    public void Ended(string outcome, CommittedCheckpoint? last, SampleLedger ledger)
    {
        logs.Append(events => events.Append("ended", outcome, last?.Step));
        Try(ReportWriter.JsonName, () =>
        {
            string record = Path.Combine(folder, RunReports.RecordName);
            ReportWriter.Write(RunReports.Build(folder, spec ?? RunSpec.FromJson(File.ReadAllText(record), record), outcome, ledger), folder);
        });
    }

    /// <inheritdoc/>
    public void Dispose() => logs.Dispose();

    private void Try(string name, Action write)
    {
        try
        {
            write();
        }
        catch (Exception e)
        {
            warnings.Enqueue($"report incomplete: {name} cannot be written ({e.Message}); the run is not affected");
        }
    }
}
