using Spectre.Console;

namespace MoeActors.Host.Progress;

/// <summary>How progress is shown.</summary>
public sealed record ProgressOptions
{
    /// <summary>One JSON object a line, whatever the output is.</summary>
    public bool Json { get; init; }

    /// <summary>Plain lines: steps between two of them; 0 goes by <see cref="Interval"/> alone.</summary>
    public int EverySteps { get; init; }

    /// <summary>Plain and JSON lines: longest time between two of them while steps go on.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Where plain and JSON lines go; standard output by default.</summary>
    public TextWriter? Output { get; init; }

    /// <summary>The terminal of the live view; the process's own by default.</summary>
    public IAnsiConsole? Console { get; init; }

    /// <summary>Told, from any thread, of what could not be shown; by default the first time is said on standard error.</summary>
    public Action<Exception> Unshown { get; init; } = new Unshown(System.Console.Error).Say;

    /// <summary>Clock; the system's by default.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
