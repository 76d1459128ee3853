using System.Collections.Concurrent;
using Spectre.Console;

namespace MoeActors.Host.Progress;

/// <summary>
/// The live display: figures and a curve that stay at the bottom, events above them. Drawn by a thread of its own, four times a second at most, so that neither
/// training nor the thread pool ever waits for a slow terminal.
/// </summary>
internal sealed class LiveProgress : ProgressView
{
    private static readonly TimeSpan Frame = TimeSpan.FromMilliseconds(250);

    private readonly IAnsiConsole _console;
    private readonly ConcurrentQueue<ProgressEvent> _events = new();
    private readonly ManualResetEventSlim _ended = new();
    private readonly SnapshotPanel _panel;
    private readonly Thread _thread;
    private volatile ProgressSnapshot? _latest;

    public LiveProgress(IAnsiConsole console)
    {
        _console = console;
        _panel = new SnapshotPanel(console.Profile.Capabilities.Unicode);
        _thread = new Thread(Draw) { IsBackground = true, Name = "progress" };
        _thread.Start();
    }

    public override void Update(ProgressSnapshot snapshot) => _latest = snapshot;

    public override void Event(ProgressEvent happened) => _events.Enqueue(happened);

    protected override void Dispose(bool disposing)
    {
        if (_ended.IsSet)
        {
            return;
        }

        _ended.Set();
        _thread.Join(TimeSpan.FromSeconds(2));
    }

    private void Draw()
    {
        try
        {
            _console.Live(new Text("starting")).AutoClear(false).Start(live =>
            {
                bool last;
                do
                {
                    last = _ended.Wait(Frame);
                    while (_events.TryDequeue(out ProgressEvent? happened))
                    {
                        // Above the live area: the renderer puts ordinary output before it.
                        _console.Write(Line(happened));
                    }

                    if (_latest is { } snapshot)
                    {
                        live.UpdateTarget(_panel.Render(snapshot));
                    }
                }
                while (!last);
            });
        }
        catch (IOException)
        {
            // The terminal went away (hang-up); the run goes on without a display.
        }
    }

    private Paragraph Line(ProgressEvent happened)
    {
        (string mark, Color color) = happened.Kind switch
        {
            ProgressEventKind.Fault => ("fault", Color.Red),
            ProgressEventKind.Recovery => ("recovery", Color.Green),
            ProgressEventKind.Checkpoint => ("checkpoint", Color.Blue),
            ProgressEventKind.Membership => ("membership", Color.Yellow),
            ProgressEventKind.Warning => ("warning", Color.Yellow),
            _ => ("", Color.Default),
        };
        string text = ProgressText.OneLine(happened.Message);
        text = mark.Length == 0 ? text : ProgressText.NamesItsKind(happened) ? text[mark.Length..] : $"  {text}";

        // The line replaces the first of the live area, which may be longer.
        int width = _console.Profile.Width - 1 - mark.Length;
        return new Paragraph(mark, new Style(color)).Append(text.PadRight(Math.Max(0, width)) + Environment.NewLine);
    }
}
