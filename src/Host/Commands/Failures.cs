using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Exchange;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Data;
using MoeActors.Compute.Files;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using MoeActors.Host.Configuration;
using MoeActors.Host.Reports;

namespace MoeActors.Host.Commands;

/// <summary>Turns an exception into one line for the user and an exit code.</summary>
internal static class Failures
{
    /// <summary>The environment variable that shows stack traces.</summary>
    public const string DebugVariable = "MOE_DEBUG";

    /// <summary>Exit code and sentence for <paramref name="failure"/>.</summary>
    public static (int ExitCode, string Message) Explain(Exception failure) => Root(failure) switch
    {
        Exception e when OpenFiles.Explain(e, OpenFiles.Limit) is { } files => (ExitCodes.Resources, files),
        IOException when !CurrentFolderExists() => (ExitCodes.Resources, "the current folder does not exist any more: go to one that does (cd) and start again"),
        CommandException e => (e.ExitCode, e.Message),
        SettingsException e => (ExitCodes.Configuration, e.Message),
        SpecException e => (ExitCodes.Configuration, e.Message),
        CorpusException e => (ExitCodes.Data, e.Message),
        CheckpointException e => (ExitCodes.Checkpoint, e.Message),
        LibTorchException e => (ExitCodes.Resources, e.Message),
        RefusedException e => (ExitCodes.Cluster, e.Message),
        ExchangeException e => (ExitCodes.Configuration, e.Message),
        ReportException e => (ExitCodes.Resources, e.Message),
        StatusServerException e => (ExitCodes.Resources, e.Message),
        OperationCanceledException => (ExitCodes.Interrupted, "interrupted"),
        OutOfMemoryException => (ExitCodes.Resources, "out of memory; take a smaller model, fewer sequences a step, or more nodes"),
        IOException or UnauthorizedAccessException => (ExitCodes.Resources, Root(failure).Message),
        Exception e => (ExitCodes.Unexpected, $"unexpected failure: {e.GetType().Name}: {e.Message} ({DebugVariable}=1 shows where; `moe diagnose RUN-DIR` gathers what a report needs)"),
    };

    /// <summary>Writes the line, in red on a terminal unless NO_COLOR is set, and returns the exit code.</summary>
    public static int Report(Exception failure, TextWriter error)
    {
        (int exitCode, string message) = Explain(failure);
        Print(message, error);
        if (Environment.GetEnvironmentVariable(DebugVariable) == "1")
        {
            Line(failure.ToString(), error);
        }

        return exitCode;
    }

    /// <summary>Writes <c>moe: message</c> on one line.</summary>
    public static void Print(string message, TextWriter error)
    {
        string line = Sentence(message);
        TextWriter? terminal = error is PlainWriter { Inner: var inner } && ReferenceEquals(inner, Console.Error) ? inner : null;
        bool color = terminal is not null && !Console.IsErrorRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        if (color)
        {
            Line($"\e[31m{PlainText.Line(line)}\e[0m", terminal!);
            return;
        }

        Line(PlainText.Line(line), error);
    }

    /// <summary>Writes <c>moe: message</c> on one line, where nothing has failed that would end the command.</summary>
    public static void Note(string message, TextWriter error) => Line(Sentence(message), error);

    /// <summary>Writes a line as it is. Where standard error cannot be written the exit code alone speaks.</summary>
    public static void Line(string text, TextWriter error)
    {
        try
        {
            error.WriteLine(text);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            // Nobody is left to be told.
        }
    }

    private static string Sentence(string message) => $"moe: {string.Join(' ', message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))}";

    private static bool CurrentFolderExists()
    {
        try
        {
            return Directory.Exists(Environment.CurrentDirectory);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static Exception Root(Exception failure) => failure switch
    {
        AggregateException { InnerExceptions: [var one] } => Root(one),
        TypeInitializationException { InnerException: { } inner } => Root(inner),
        System.Reflection.TargetInvocationException { InnerException: { } inner } => Root(inner),
        _ => failure,
    };
}
