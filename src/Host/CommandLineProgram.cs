using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Diagnostics.CodeAnalysis;
using MoeActors.Host.Commands;
using MoeActors.Host.Configuration;

namespace MoeActors.Host;

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
            Failures.Print(Problem(parsed), error);
            return ExitCodes.CommandLine;
        }

        if (EmptyArguments.Find(parsed) is { } empty)
        {
            Failures.Print($"{empty}; `{FullName(parsed.CommandResult)} --help` shows what is expected", error);
            return ExitCodes.CommandLine;
        }

        foreach (string secret in CommandLineSecrets.Keys(args))
        {
            Failures.Print(CommandLineSecrets.Warning(secret), error);
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

    // `moe trian --help`: the help of everything would not say that there is no such command.
    private static bool IsHelpOfUnknown(ParseResult parsed) => parsed.CommandResult.Command.Subcommands.Count > 0 && parsed.UnmatchedTokens is [var unknown, ..] && !unknown.StartsWith('-');

    private static string Problem(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        string name = FullName(parsed.CommandResult);

        // An argument that takes several values takes an unknown option, too.
        if (parsed.UnmatchedTokens.Concat(parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(a => a.Tokens).Select(t => t.Value).Where(t => t.StartsWith("--", StringComparison.Ordinal)))
            .FirstOrDefault() is { } unknown)
        {
            IEnumerable<string> known = command.Subcommands.Select(c => c.Name).Concat(command.Options.Where(o => !o.Hidden).Select(o => o.Name));
            string hint = Suggestions.Nearest(unknown, known) is { } near ? $"did you mean {near}? " : "";
            string kind = unknown.StartsWith('-') ? "option" : command.Subcommands.Count > 0 ? "command" : "argument";
            return $"unknown {kind} {unknown}; {hint}`{name} --help` shows what there is";
        }

        if (command.Subcommands.Count > 0)
        {
            return $"{name["moe".Length..].TrimStart()}{(name == "moe" ? "" : ": ")}a command is missing; expected one of {string.Join(", ", command.Subcommands.Select(c => c.Name))} (`{name} --help`)";
        }

        return $"{ParseErrorWords.Of(parsed.Errors[0]).TrimEnd('.')}; `{name} --help` shows what is expected";
    }

    // "moe checkpoint list".
    private static string FullName(CommandResult result) =>
        result.Parent is CommandResult parent ? $"{FullName(parent)} {result.Command.Name}" : result.Command.Name;
}
