using System.CommandLine;
using System.CommandLine.Invocation;
using System.Diagnostics.CodeAnalysis;

namespace MoeActors.Host.Commands;

/// <summary>Parses a command line, runs its command, and turns every failure into one line and an exit code.</summary>
internal static class CommandLineProgram
{
    /// <summary>Runs one command line.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="handlers">What carries the commands out.</param>
    /// <param name="output">Results and help.</param>
    /// <param name="error">Failures.</param>
    /// <param name="cancel">Cancelled when the process is asked to stop.</param>
    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "The outermost frame: what is not caught here ends as a stack trace before the user.")]
    public static async Task<int> RunAsync(string[] args, Handlers handlers, TextWriter output, TextWriter error, CancellationToken cancel)
    {
        // Arguments are what they are: "@name" is a prompt or a file, never a response file.
        ParseResult parsed = MoeRoot.Build(handlers).Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if ((parsed.Errors.Count > 0 && parsed.Action is ParseErrorAction or null) || IsHelpOfUnknown(parsed))
        {
            Failures.Print(CommandLineProblem.Of(parsed), error);
            return ExitCodes.CommandLine;
        }

        try
        {
            // Signals are handled by the caller, failures here.
            return await parsed.InvokeAsync(
                new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, cancel);
        }
        catch (Exception e)
        {
            return Failures.Report(e, error);
        }
    }

    /// <summary>`moe trian --help`: the help of everything would not say that there is no such command.</summary>
    private static bool IsHelpOfUnknown(ParseResult parsed) => parsed.CommandResult.Command.Subcommands.Count > 0 && parsed.UnmatchedTokens is [var unknown, ..] && !unknown.StartsWith('-');
}
