namespace MoeActors.Host.Reports;

/// <summary><c>steps.jsonl</c> of a run: a line per committed step, appended as it happens. Not thread-safe; one writer at a time.</summary>
public sealed class StepsLog : IDisposable
{
    /// <summary>Name of the file in the run's directory.</summary>
    public const string FileName = "steps.jsonl";

    private readonly JsonLinesWriter<StepLine> _writer;

    /// <summary>Opens the log at <paramref name="path"/> for appending; a line torn by a killed process is cut off. Throws <see cref="ReportException"/> when it cannot be written.</summary>
    public StepsLog(string path) => _writer = new(path);

    /// <summary>Appends one line and hands it to the operating system before returning.</summary>
    public void Append(StepLine step) => _writer.Append(step);

    /// <inheritdoc />
    public void Dispose() => _writer.Dispose();

    /// <summary>Reads and resolves the log at <paramref name="path"/>; no file is no steps, and damaged lines are left out. May run beside the writer.</summary>
    /// <param name="path">The file.</param>
    /// <param name="committed">Newest step of the surviving history when known; lines above it were rolled back.</param>
    public static StepHistory Read(string path, long committed = long.MaxValue)
    {
        LogContent<StepLine> content = LogContent.Read<StepLine>(path);
        return StepHistory.Resolve(content.Lines, content.Torn, committed) with { LeftOut = content.LeftOut };
    }
}
