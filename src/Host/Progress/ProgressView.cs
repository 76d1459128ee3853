using Spectre.Console;

namespace MoeActors.Host.Progress;

/// <summary>
/// Shows a run to its user: a live display on a terminal, plain lines in a pipe, JSON lines for programs. Calls come from any thread and do not block on the
/// terminal. An output that cannot be written ends nothing: that is said once. Dispose shows the last state and leaves the cursor on a fresh line.
/// </summary>
public abstract class ProgressView : IDisposable
{
    /// <summary>The view that fits where the output goes: JSON when asked for, live on an interactive terminal, else plain lines. NO_COLOR is respected.</summary>
    public static ProgressView Create(ProgressOptions options)
    {
        TextWriter output = options.Output ?? Console.Out;
        if (options.Json)
        {
            return new JsonProgress(output, options);
        }

        IAnsiConsole console = options.Console ?? AnsiConsole.Create(Terminal(Environment.GetEnvironmentVariable));
        return console.Profile.Capabilities.Interactive && console.Profile.Capabilities.Ansi && options.Output is null
            ? new LiveProgress(console, options.Unshown)
            : new PlainProgress(output, options);
    }

    /// <summary>Takes in where the run stands now.</summary>
    public abstract void Update(ProgressSnapshot snapshot);

    /// <summary>Shows one event line; never left out.</summary>
    public abstract void Event(ProgressEvent happened);

    /// <summary>Shows one event line of <paramref name="kind"/>.</summary>
    public void Event(ProgressEventKind kind, string message) => Event(new ProgressEvent(kind, message));

    /// <inheritdoc />
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Shows the last state and lets go of the terminal.</summary>
    protected abstract void Dispose(bool disposing);

    /// <summary>The process's terminal; without colours when NO_COLOR is set to anything (no-color.org).</summary>
    internal static AnsiConsoleSettings Terminal(Func<string, string?> environment)
    {
        bool plain = !string.IsNullOrEmpty(environment("NO_COLOR"));
        bool dumb = environment("TERM") is "dumb" || Console.IsOutputRedirected;
        return new()
        {
            ColorSystem = plain ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Interactive = dumb ? InteractionSupport.No : InteractionSupport.Detect,
        };
    }
}
