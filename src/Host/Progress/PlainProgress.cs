namespace MoeActors.Host.Progress;

/// <summary>Plain lines, for pipes, files and services: no colour, no cursor movement. Whether they can be written matters to nobody else (<see cref="LineQueue"/>).</summary>
internal sealed class PlainProgress(TextWriter output, ProgressOptions options) : ProgressView
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
                _lines.Write(ProgressText.Line(snapshot));
            }
        }
    }

    public override void Event(ProgressEvent happened)
    {
        lock (_gate)
        {
            _lines.Write(ProgressText.Line(happened));
        }
    }

    protected override void Dispose(bool disposing)
    {
        lock (_gate)
        {
            if (_pace.TakeHidden() is { } last)
            {
                _lines.Write(ProgressText.Line(last));
            }
        }

        _lines.Dispose();
    }
}
