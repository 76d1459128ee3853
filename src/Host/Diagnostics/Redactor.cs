using System.Text;
using System.Text.RegularExpressions;

namespace MoeActors.Host.Diagnostics;

/// <summary>
/// Takes secrets out of text. Configuration (HOCON or JSON) loses the values of secret keys; these values are remembered and then taken out of every other text
/// too, together with what looks like a secret by its surroundings. Rather too much than too little. Not thread-safe.
/// </summary>
public sealed partial class Redactor
{
    /// <summary>What stands in place of a secret.</summary>
    public const string Mark = "***";

    /// <summary>Shorter values are not searched for elsewhere: they would blot out ordinary words.</summary>
    private const int ShortestValue = 6;

    private readonly HashSet<string> _values = [];

    /// <summary>Values taken out so far.</summary>
    public int Count { get; private set; }

    /// <summary>Makes <paramref name="value"/> known as a secret.</summary>
    public void Know(string? value)
    {
        if (value is { Length: >= ShortestValue } && value is not ("false" or Mark))
        {
            _values.Add(value);
        }
    }

    /// <summary><paramref name="text"/>, HOCON or JSON, without the values of secret keys, whatever their form: strings, lists, objects, substitutions.</summary>
    public string Config(string text)
    {
        var result = new StringBuilder(text.Length);
        int at = 0, next = 0;
        foreach (Match match in Key().Matches(text))
        {
            int value = match.Index + match.Length;
            if (match.Index < next || value >= text.Length)
            {
                continue;
            }

            int end = ConfigValue.End(text, value);
            string content = text[value..end].Trim();
            if (content.Length == 0 || !SecretKeys.Match(match.Groups["key"].Value, double.TryParse(content, out _)))
            {
                // What stands inside a harmless string is no key of its own; Text sees to it.
                next = text[value] == '"' && !content.StartsWith("\"\"\"", StringComparison.Ordinal) ? end : next;
                continue;
            }

            foreach (string part in ConfigValue.Strings(content))
            {
                Know(part);
            }

            bool block = text[value] is '{' or '[' && match.Groups["sep"].Value.Trim().Length == 0;
            result.Append(text, at, value - at).Append(block ? $"= \"{Mark}\"" : $"\"{Mark}\"");
            at = next = end;
            Count++;
        }

        return Text(result.Append(text, at, text.Length - at).ToString());
    }

    /// <summary><paramref name="text"/>, a log for example, without known secrets and without what follows "password=" and the like.</summary>
    public string Text(string text)
    {
        foreach (string value in _values.OrderByDescending(v => v.Length))
        {
            text = text.Replace(value, Mark, StringComparison.Ordinal);
        }

        text = PrivateKey().Replace(text, Mark);
        text = Login().Replace(text, $"://{Mark}@");
        text = Bearer().Replace(text, $"$1 {Mark}");
        return Assignment().Replace(text, m => SecretKeys.Match(m.Groups["key"].Value, number: false) ? $"{m.Groups["key"].Value}{m.Groups["sep"].Value}{Mark}" : m.Value);
    }

    [GeneratedRegex("""(?<quote>["']?)(?<key>[A-Za-z_][\w.\-]*)\k<quote>(?<sep>[ \t]*(?:\+?=|:)\s*|\s*(?=\{))""")]
    private static partial Regex Key();

    /// <summary>name=value (connection strings, URLs), --name value (command lines), "name":"value" also when quoted inside a message.</summary>
    [GeneratedRegex("""(?<key>--[\w\-]+(?=[ =])|[A-Za-z_][\w.\-]*(?==)|[A-Za-z_][\w.\-]*(?=\\?"\s*:\s*\\?"))(?<sep>\\?"\s*:\s*\\?"|=\s*\\?["']?|\s+)(?<value>[^\s;,"'&}\\]+)""")]
    private static partial Regex Assignment();

    [GeneratedRegex("""://[^/\s:@"]*:[^/\s@"]+@""")]
    private static partial Regex Login();

    [GeneratedRegex("""\b(Bearer|Basic)\s+[A-Za-z0-9+/=._\-]{8,}""", RegexOptions.IgnoreCase)]
    private static partial Regex Bearer();

    [GeneratedRegex("-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)", RegexOptions.Singleline)]
    private static partial Regex PrivateKey();
}
