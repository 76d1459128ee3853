namespace MoeActors.Host.Progress;

/// <summary>
/// Lines to an output that may be slow, full or gone: a thread of its own writes them, so that nobody who says something waits for who reads it. A line that cannot be written is left out, and
/// so are lines beyond what is kept for a reader that does not read. Thread-safe.
/// </summary>
internal sealed class LineQueue : IDisposable
{
    /// <summary>Lines kept for a reader that has stopped reading.</summary>
    public const int Most = 10_000;

    /// <summary>Patience with the reader at the end.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly TextWriter output;
    private readonly Action<Exception> unshown;
    private readonly Queue<string> lines = new();
    private readonly Thread thread;
    private long leftOut;
    private bool ended;

    /// <summary>Starts the thread.</summary>
    /// <param name="output">Where the lines go.</param>
    /// <param name="unshown">Told of each line that could not be written.</param>
    public LineQueue(TextWriter output, Action<Exception> unshown)
    {
        (this.output, this.unshown) = (output, unshown);
        thread = new Thread(Run) { IsBackground = true, Name = "progress" };
        thread.Start();
    }

    /// <summary>Lines that nobody read in time.</summary>
    public long LeftOut
    {
        get
        {
            lock (lines)
            {
                return leftOut;
            }
        }
    }

    /// <summary>Takes one line; never waits for the output.</summary>
    public void Write(string line)
    {
        lock (lines)
        {
            if (ended || lines.Count >= Most)
            {
                leftOut++;
                return;
            }

            lines.Enqueue(line);
            Monitor.PulseAll(lines);
        }
    }

    /// <summary>Waits for what is still to be written, but not for ever; after that nothing more is written.</summary>
    public void Dispose()
    {
        lock (lines)
        {
            ended = true;
            Monitor.PulseAll(lines);
        }

        if (!thread.Join(Patience))
        {
            lock (lines)
            {
                leftOut += lines.Count;
                lines.Clear();
            }
        }
    }

    private void Run()
    {
        while (Next() is { } line)
        {
            try
            {
                output.WriteLine(line);
                output.Flush();
            }
            catch (Exception e)
            {
                unshown(e);
            }
        }
    }

    private string? Next()
    {
        lock (lines)
        {
            while (lines.Count == 0 && !ended)
            {
                Monitor.Wait(lines);
            }

            return lines.TryDequeue(out string? line) ? line : null;
        }
    }
}
