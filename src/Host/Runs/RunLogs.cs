using MoeActors.Host.Reports;

namespace MoeActors.Host.Runs;

/// <summary>
/// The two logs of a run's folder, written as well as they can be: one that cannot be opened or written is tried again later, lines that did not get into it are counted, and the first refusal
/// is told. Never throws. Not thread-safe.
/// </summary>
/// <param name="folder">The run's folder.</param>
/// <param name="time">Clock of the events.</param>
/// <param name="warn">Told what the user should know.</param>
internal sealed class RunLogs(string folder, TimeProvider time, Action<string> warn) : IDisposable
{
    /// <summary>Between two attempts to open a log: each copies the whole file.</summary>
    private static readonly TimeSpan OpenPause = TimeSpan.FromSeconds(1);

    private StepsLog? steps;
    private EventsLog? events;
    private long refusedAt;
    private long missed;
    private bool told;

    /// <summary>Path of steps.jsonl.</summary>
    public string StepsPath { get; } = Path.Combine(folder, StepsLog.FileName);

    /// <summary>Path of events.jsonl.</summary>
    public string EventsPath { get; } = Path.Combine(folder, EventsLog.FileName);

    /// <summary>Takes both files over from a former writer, where they can be.</summary>
    public void Open()
    {
        Try(() => steps ??= new StepsLog(StepsPath), StepsLog.FileName);
        Try(() => events ??= new EventsLog(EventsPath, time), EventsLog.FileName);
    }

    /// <summary>Appends a step.</summary>
    public void Append(StepLine line) => Write(() => (steps ??= new StepsLog(StepsPath)).Append(line), StepsLog.FileName, isOpen: steps is not null);

    /// <summary>Appends an event.</summary>
    public void Append(Action<EventsLog> append) => Write(() => append(events ??= new EventsLog(EventsPath, time)), EventsLog.FileName, isOpen: events is not null);

    /// <inheritdoc/>
    public void Dispose()
    {
        steps?.Dispose();
        events?.Dispose();
    }

    private void Write(Action write, string name, bool isOpen)
    {
        if ((!isOpen && refusedAt != 0 && time.GetElapsedTime(refusedAt) < OpenPause) || !Try(write, name))
        {
            missed++;
            return;
        }

        if (missed > 0 && events is not null)
        {
            long lines = missed;
            missed = 0;
            if (!Try(() => events.Append("warning", $"the logs are written again: {lines} {(lines == 1 ? "line is" : "lines are")} missing before this one"), EventsLog.FileName))
            {
                missed = lines;
            }
        }
    }

    private bool Try(Action write, string name)
    {
        try
        {
            write();
            return true;
        }
        catch (Exception e)
        {
            refusedAt = time.GetTimestamp();
            if (!told)
            {
                told = true;
                warn($"report incomplete: {name} cannot be written ({e.Message}); the run goes on without it");
            }

            return false;
        }
    }
}
