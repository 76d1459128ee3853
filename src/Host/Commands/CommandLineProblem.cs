using System.CommandLine;
using System.CommandLine.Parsing;

using MoeActors.Host.Configuration;

namespace MoeActors.Host.Commands;

/// <summary>Says in one sentence why a command line cannot be understood, with what was probably meant.</summary>
internal static class CommandLineProblem
{
    /// <summary>The sentence.</summary>
    public static string Of(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        string name = FullName(parsed.CommandResult);
        if (parsed.UnmatchedTokens is [var unknown, ..])
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

        return $"{Words(parsed.Errors[0]).TrimEnd('.')}; `{name} --help` shows what is expected";
    }

    /// <summary>The parser names types of the language it is written in where a number is wrong.</summary>
    private static string Words(ParseError error) => error.SymbolResult switch
    {
        OptionResult { Tokens: [{ Value: var text }] } option when IsNumber(option.Option.ValueType) && !long.TryParse(text, out _) => $"{option.Option.Name} {text}: expected a whole number",
        ArgumentResult { Tokens: [{ Value: var text }], Parent: OptionResult option } when IsNumber(option.Option.ValueType) && !long.TryParse(text, out _) =>
            $"{option.Option.Name} {text}: expected a whole number",
        ArgumentResult { Tokens: [{ Value: var text }] } argument when IsNumber(argument.Argument.ValueType) && !long.TryParse(text, out _) =>
            $"{argument.Argument.Name} {text}: expected a whole number",
        OptionResult { Tokens.Count: > 1, Option.Arity.MaximumNumberOfValues: 1 } option =>
            $"{option.Option.Name} is given {option.Tokens.Count} times ({string.Join(", ", option.Tokens.Select(t => t.Value))}); expected one value",
        _ => error.Message,
    };

    private static bool IsNumber(Type type) => (Nullable.GetUnderlyingType(type) ?? type) is var plain && (plain == typeof(int) || plain == typeof(long));

    // "moe checkpoint list".
    private static string FullName(CommandResult result) =>
        result.Parent is CommandResult parent ? $"{FullName(parent)} {result.Command.Name}" : result.Command.Name;
}
