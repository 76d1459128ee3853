namespace MoeActors.Host.Progress;

/// <summary>Plain lines, for pipes, files and services: no colour, no cursor movement.</summary>
internal sealed class PlainProgress(TextWriter output, ProgressOptions options) : ProgressView
{
    private readonly Lock _gate = new();
    private readonly LinePace _pace = new(options.EverySteps, options.Interval, options.Time);

    public override void Update(ProgressSnapshot snapshot)
    {
        lock (_gate)
        {
            if (_pace.Shows(snapshot))
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
            if (_pace.TakeHidden() is { } last)
            {
                Write(ProgressText.Line(last));
            }
        }
    }

    private void Write(string line)
    {
        output.WriteLine(line);
        output.Flush();
    }
}
