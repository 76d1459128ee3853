using System.Text.Json;
using MoeActors.Host.Reports;

namespace MoeActors.Host.Progress;

/// <summary>One JSON object a line: {"type":"progress",…} and {"type":"event",…}, for programs. Whether they can be written matters to nobody else (<see cref="LineQueue"/>).</summary>
internal sealed class JsonProgress(TextWriter output, ProgressOptions options) : ProgressView
{
    private readonly LineQueue _lines = new(output, options.Unshown);
    private readonly Lock _gate = new();
    private readonly LinePace _pace = new(options.EverySteps, options.Interval, options.Time);

    public override void Update(ProgressSnapshot snapshot)
    {
        lock (_gate)
        {
            if (_pace.Shows(snapshot))
            {
                Write(snapshot);
            }
        }
    }

    public override void Event(ProgressEvent happened)
    {
        lock (_gate)
        {
            Write(new EventLine("event", ProgressText.Name(happened.Kind), happened.Message));
        }
    }

    protected override void Dispose(bool disposing)
    {
        lock (_gate)
        {
            if (_pace.TakeHidden() is { } last)
            {
                Write(last);
            }
        }

        _lines.Dispose();
    }

    private void Write(ProgressSnapshot s) => Write(new ProgressLine(
        "progress", s.Step, s.Steps, s.Step > 0 ? s.Loss : null, s.ValidationLoss, s.TokensPerSecond, s.Eta?.TotalSeconds, s.NodesUp, s.Nodes, s.LastCheckpointStep, s.SlowestRank, s.Epoch, s.Message, s.Plt, s.Ettr));

    private void Write<T>(T line) => _lines.Write(JsonSerializer.Serialize(line, ReportJson.Line));

    private sealed record ProgressLine(
        string Type, long Step, long Steps, double? Loss, double? ValidationLoss, double TokensPerSecond, double? EtaSeconds, int NodesUp, int Nodes,
        long? LastCheckpointStep, int? SlowestRank, long Epoch, string? Message, double? Plt, double? Ettr);

    private sealed record EventLine(string Type, string Kind, string Message);
}
