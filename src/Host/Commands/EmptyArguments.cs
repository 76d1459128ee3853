using System.CommandLine;
using System.CommandLine.Parsing;

namespace MoeActors.Host.Commands;

/// <summary>
/// Arguments without a character: what a variable of the shell that is not set leaves. None means anything, and taken for "not given" it would name the current
/// folder, the default data, or nothing at all.
/// </summary>
internal static class EmptyArguments
{
    /// <summary>PURE: the first of them in words, or null. A setting (--set) says so itself.</summary>
    public static string? Find(ParseResult parsed)
    {
        for (SymbolResult? command = parsed.CommandResult; command is CommandResult current; command = current.Parent)
        {
            foreach (SymbolResult result in current.Children)
            {
                if (result.Tokens.Any(t => t.Value.Length == 0))
                {
                    return result switch
                    {
                        OptionResult option => $"{option.Option.Name} \"\": an empty value; expected {option.Option.HelpName ?? "a value"}, or leave the option out",
                        ArgumentResult argument => $"{argument.Argument.Name} \"\": an empty argument; expected {argument.Argument.Description?.TrimEnd('.') ?? "a value"}",
                        _ => "an empty argument",
                    };
                }
            }
        }

        return null;
    }
}
