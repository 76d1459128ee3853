using MoeActors.Compute.Files;

namespace MoeActors.Host.Progress;

/// <summary>What an event line is about.</summary>
public enum ProgressEventKind
{
    /// <summary>Anything worth a line.</summary>
    Info,

    /// <summary>Something broke.</summary>
    Fault,

    /// <summary>Something broken works again.</summary>
    Recovery,

    /// <summary>A checkpoint was taken.</summary>
    Checkpoint,

    /// <summary>A node came or went.</summary>
    Membership,

    /// <summary>The user should look at it.</summary>
    Warning,
}

/// <summary>A line about something that happened.</summary>
/// <param name="Kind">What it is about.</param>
/// <param name="Message">One line for the user.</param>
public sealed record ProgressEvent(ProgressEventKind Kind, string Message)
{
    /// <summary>One line for the user; what came from a peer or a file cannot command the terminal it is shown on.</summary>
    public string Message { get; init; } = PlainText.Line(Message.ReplaceLineEndings(" "));
}
