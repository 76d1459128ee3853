using System.CommandLine;
using System.CommandLine.Parsing;

namespace MoeActors.Host.Commands;

/// <summary>What the parser found wrong, in the words of this command line: of its own it names types of a programming language where a number is wrong.</summary>
internal static class ParseErrorWords
{
    /// <summary>The sentence.</summary>
    public static string Of(ParseError error) => error.SymbolResult switch
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
}
