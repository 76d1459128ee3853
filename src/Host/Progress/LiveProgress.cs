using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace MoeActors.Host.Progress;

/// <summary>
/// The live display: figures and a curve that stay at the bottom, events above them. Drawn by a thread of its own, four times a second at most, so that neither
/// training nor the thread pool ever waits for a slow terminal.
/// </summary>
internal sealed partial class LiveProgress : ProgressView
{
    private static readonly TimeSpan Frame = TimeSpan.FromMilliseconds(250);

    /// <summary>Wider than any line: the terminal wraps it itself.</summary>
    private const int Unwrapped = 100_000;

    private readonly IAnsiConsole _terminal;
    private readonly Action<Exception> _unshown;
    private readonly StringWriter _text = new() { NewLine = "\n" };
    private readonly IAnsiConsole _painter;
    private readonly ConcurrentQueue<ProgressEvent> _events = new();
    private readonly ManualResetEventSlim _ended = new();
    private readonly SnapshotPanel _panel;
    private readonly LiveScreen _screen = new();
    private readonly Thread _thread;
    private volatile ProgressSnapshot? _latest;
    private (ProgressSnapshot? Snapshot, int Width, int Height) _shown = (null, -1, -1);
    private IReadOnlyList<LiveRow> _rows = [];

    /// <summary>Starts drawing.</summary>
    /// <param name="terminal">The terminal; its size is looked at for each frame.</param>
    /// <param name="unshown">Told when the terminal cannot be written: it is given up then.</param>
    public LiveProgress(IAnsiConsole terminal, Action<Exception> unshown)
    {
        (_terminal, _unshown) = (terminal, unshown);
        _panel = new SnapshotPanel(terminal.Profile.Capabilities.Unicode);
        _painter = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.Yes, Interactive = InteractionSupport.No, Out = new AnsiConsoleOutput(_text) });
        _painter.Profile.Capabilities.ColorSystem = terminal.Profile.Capabilities.ColorSystem;
        _painter.Profile.Capabilities.Unicode = terminal.Profile.Capabilities.Unicode;
        _thread = new Thread(Draw) { IsBackground = true, Name = "progress" };
        _thread.Start();
    }

    public override void Update(ProgressSnapshot snapshot) => _latest = snapshot;

    public override void Event(ProgressEvent happened)
    {
        if (_events.Count < LineQueue.Most)
        {
            _events.Enqueue(happened);
        }
    }

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
            bool last;
            do
            {
                last = _ended.Wait(Frame);
                if (Next() is { } frame)
                {
                    _terminal.Profile.Out.Writer.Write(frame);
                    _terminal.Profile.Out.Writer.Flush();
                }
            }
            while (!last);
        }
        catch (Exception e)
        {
            // The terminal went away, say (hang-up); the run goes on without a display.
            _unshown(e);
        }
    }

    /// <summary>What has to be sent; null where nothing has changed.</summary>
    private string? Next()
    {
        var above = new List<string>();
        while (_events.TryDequeue(out ProgressEvent? happened))
        {
            above.Add(Paint(Line(happened), Unwrapped));
        }

        (ProgressSnapshot? Snapshot, int Width, int Height) now = (_latest, Math.Max(2, _terminal.Profile.Width), Math.Max(2, _terminal.Profile.Height));
        if (now != _shown)
        {
            // One cell less than a line: a row that fills it would wrap on some terminals and not on others.
            IRenderable area = now.Snapshot is null ? new Text("starting") : _panel.Render(now.Snapshot);
            _rows = [.. Paint(area, now.Width - 1).TrimEnd('\n').Split('\n').Select(r => new LiveRow(r, new Segment(Escape().Replace(r, "")).CellCount()))];
        }
        else if (above.Count == 0)
        {
            return null;
        }

        _shown = now;
        return _screen.Draw(above, _rows, now.Width, now.Height);
    }

    private string Paint(IRenderable what, int width)
    {
        _text.GetStringBuilder().Clear();
        _painter.Profile.Width = width;
        _painter.Write(what);
        return _text.ToString();
    }

    private static Paragraph Line(ProgressEvent happened)
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
        return new Paragraph(mark, new Style(color)).Append(text);
    }

    [GeneratedRegex(@"\e\[[0-9;?]*[A-Za-z]")]
    private static partial Regex Escape();
}
