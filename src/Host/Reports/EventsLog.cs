namespace MoeActors.Host.Reports;

/// <summary><c>events.jsonl</c> of a run: faults, checkpoints, membership and messages, appended as they happen. Not thread-safe; one writer at a time.</summary>
/// <param name="path">The file. A line torn by a killed process is cut off; throws <see cref="ReportException"/> when it cannot be written.</param>
/// <param name="time">Clock of the events; the system's by default.</param>
public sealed class EventsLog(string path, TimeProvider? time = null) : IDisposable
{
    /// <summary>Name of the file in the run's directory.</summary>
    public const string FileName = "events.jsonl";

    private readonly JsonLinesWriter<RunEvent> _writer = new(path);
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>Appends the fault as far as its recovery has come; a later call with the same id replaces it for readers.</summary>
    public void Append(FaultRecord fault) =>
        _writer.Append(new RunEvent { At = _time.GetUtcNow(), Type = "fault", Step = fault.AtStep, Epoch = fault.Epoch, Fault = fault });

    /// <summary>Appends the checkpoint as far as it has come; a later call with the same step and kind replaces it for readers.</summary>
    public void Append(CheckpointRecord checkpoint) =>
        _writer.Append(new RunEvent { At = _time.GetUtcNow(), Type = "checkpoint", Step = checkpoint.Step, Epoch = checkpoint.Epoch, Checkpoint = checkpoint });

    /// <summary>Appends hashes taken after a step; a later call with the same step replaces them for readers.</summary>
    public void Append(StateMark mark) => _writer.Append(new RunEvent { At = _time.GetUtcNow(), Type = "mark", Step = mark.Step, Mark = mark });

    /// <summary>Appends that a former process's run is gone on with, by <paramref name="command"/>.</summary>
    /// <param name="command">The command line.</param>
    /// <param name="lastSign">When the last sign of the run before was written down; null where there is none.</param>
    public void AppendResumed(string command, DateTimeOffset? lastSign) =>
        _writer.Append(new RunEvent { At = _time.GetUtcNow(), Type = "resumed", Message = command, LastSign = lastSign });

    /// <summary>Appends a message of a kind of its own, "membership" for example.</summary>
    public void Append(string type, string message, long? step = null, long? epoch = null) =>
        _writer.Append(new RunEvent { At = _time.GetUtcNow(), Type = type, Step = step, Epoch = epoch, Message = message });

    /// <inheritdoc />
    public void Dispose() => _writer.Dispose();

    /// <summary>Reads the log at <paramref name="path"/>; no file is no events, and damaged lines are left out. May run beside the writer.</summary>
    public static EventHistory Read(string path)
    {
        LogContent<RunEvent> content = LogContent.Read<RunEvent>(path);
        return EventHistory.Resolve(content.Lines, content.Torn) with { LeftOut = content.LeftOut };
    }
}
