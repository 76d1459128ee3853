namespace MoeActors.Host.Progress;

/// <summary>Plain lines, for pipes, files and services: no colour, no cursor movement.</summary>
internal sealed class PlainProgress(TextWriter output, ProgressOptions options) : ProgressView
{
    private readonly Lock _gate = new();
    private readonly LinePace _pace = new(options.EverySteps, options.Interval, options.Time);
    private ProgressSnapshot? _hidden;

    public override void Update(ProgressSnapshot snapshot)
    {
        lock (_gate)
        {
            bool shown = _pace.Shows(snapshot);
            _hidden = shown ? null : snapshot;
            if (shown)
            {
                Write(ProgressText.Line(snapshot));
            }
        }
    }

    public override void Event(ProgressEvent happened)
    {
        lock (_gate)
        {
            Write(ProgressText.Line(happened));
        }
    }

    protected override void Dispose(bool disposing)
    {
        lock (_gate)
        {
            if (_hidden is { } last)
            {
                Write(ProgressText.Line(last));
                _hidden = null;
            }
        }
    }

    private void Write(string line)
    {
        output.WriteLine(line);
        output.Flush();
    }
}
