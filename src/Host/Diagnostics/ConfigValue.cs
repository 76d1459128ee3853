using System.Text.RegularExpressions;

namespace MoeActors.Host.Diagnostics;

/// <summary>Where a value ends in HOCON or JSON text, without parsing the rest: broken files must be readable too.</summary>
internal static partial class ConfigValue
{
    /// <summary>Index after the value that begins at <paramref name="at"/>.</summary>
    public static int End(string text, int at)
    {
        if (text[at] is '{' or '[')
        {
            return Block(text, at);
        }

        while (at < text.Length && text[at] is not ('\n' or ',' or '}' or ']'))
        {
            at = text[at] switch
            {
                '"' => Quoted(text, at),
                '$' when at + 1 < text.Length && text[at + 1] == '{' => Block(text, at + 1),
                _ => at + 1,
            };
        }

        return at;
    }

    /// <summary>The strings in a value: the quoted ones, else the value itself.</summary>
    public static IEnumerable<string> Strings(string value)
    {
        MatchCollection quoted = QuotedString().Matches(value);
        return quoted.Count > 0 ? quoted.Select(m => m.Groups[1].Success ? m.Groups[1].Value : m.Groups[2].Value) : [value];
    }

    private static int Block(string text, int at)
    {
        int depth = 0;
        while (at < text.Length)
        {
            char c = text[at];
            depth += c is '{' or '[' ? 1 : c is '}' or ']' ? -1 : 0;
            at = c == '"' ? Quoted(text, at) : at + 1;
            if (depth == 0)
            {
                break;
            }
        }

        return at;
    }

    private static int Quoted(string text, int at)
    {
        if (string.CompareOrdinal(text, at, "\"\"\"", 0, 3) == 0)
        {
            int close = text.IndexOf("\"\"\"", at + 3, StringComparison.Ordinal);
            return close < 0 ? text.Length : close + 3;
        }

        for (at++; at < text.Length && text[at] is not ('"' or '\n'); at++)
        {
            if (text[at] == '\\')
            {
                at++;
            }
        }

        return Math.Min(at + 1, text.Length);
    }

    [GeneratedRegex("\"\"\"(.*?)\"\"\"|\"((?:[^\"\\\\\\n]|\\\\.)*)\"", RegexOptions.Singleline)]
    private static partial Regex QuotedString();
}
