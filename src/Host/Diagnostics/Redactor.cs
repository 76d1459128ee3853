using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
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

    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly HashSet<string> _values = [];

    /// <summary>Values taken out so far.</summary>
    public int Count { get; private set; }

    /// <summary>Makes <paramref name="value"/> known as a secret, in every form in which it may be written.</summary>
    public void Know(string? value)
    {
        if (value is { Length: >= ShortestValue } && value is not ("false" or Mark))
        {
            _values.UnionWith(SecretForms.Of(value));
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
            if (content.Length > 0 && IsConnection(match.Groups["key"].Value) && Connection(content) is { } shown)
            {
                result.Append(text, at, value - at).Append(JsonSerializer.Serialize(shown, Relaxed));
                at = next = end;
                Count++;
                continue;
            }

            if (content.Length == 0 || !SecretKeys.Match(match.Groups["key"].Value, double.TryParse(content, out _)))
            {
                // What stands inside a harmless string is no key of its own; Text sees to it.
                next = text[value] == '"' && !content.StartsWith("\"\"\"", StringComparison.Ordinal) ? end : next;
                continue;
            }

            foreach (string part in ConfigValue.Strings(content))
            {
                Know(part);
                Know(SecretForms.Unescaped(part));
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
        return Assignment().Replace(text, Hidden);
    }

    private static string Hidden(Match found)
    {
        string key = found.Groups["key"].Value, value = found.Groups["value"].Value, quote = found.Groups["quote"].Value;
        bool number = double.TryParse(value, System.Globalization.CultureInfo.InvariantCulture, out _);
        string hidden = SecretKeys.Match(key, number) ? $"{quote}{Mark}{quote}" : Assignment().Replace(value, Hidden);
        return $"{key}{found.Groups["sep"].Value}{hidden}";
    }

    private static bool IsConnection(string key) => key.Replace("-", "", StringComparison.Ordinal).EndsWith("connectionString", StringComparison.OrdinalIgnoreCase);

    /// <summary>A connection string as it may be shown, null where no secret is in it: parsed, as a password may hold whatever seems to end it.</summary>
    private string? Connection(string content)
    {
        string[] parts = [.. ConfigValue.Strings(content)];
        string text = parts.Length == 1 ? SecretForms.Unescaped(parts[0]) : content;
        IReadOnlyList<string> secrets = SecretForms.OfConnection(text) ?? [text, .. parts];
        foreach (string secret in secrets)
        {
            Know(secret);
        }

        return secrets.Count == 0 ? null : SecretForms.HiddenConnection(text);
    }

    [GeneratedRegex("""(?<quote>["']?)(?<key>[A-Za-z_][\w.\-]*)\k<quote>(?<sep>[ \t]*(?:\+?=|:)\s*|\s*(?=\{))""")]
    private static partial Regex Key();

    /// <summary>
    /// name=value (connection strings, URLs), --name value (command lines), "name":"value" also when quoted inside a message. A value in quotes, escaped or not, ends where they are closed;
    /// one of a connection string ahead of its next name; another one at a blank, a semicolon or a quote.
    /// </summary>
    [GeneratedRegex("""
        (?<key>--[\w\-]+(?=[ =])|[A-Za-z_][\w.\-]*(?=\x20?=)|[A-Za-z_][\w.\-]*(?=(?:\\*"|\\+u0022)\s*:\s*(?:\\*"|\\+u0022)))
        (?<sep>(?:\\*"|\\+u0022)\s*:\s*|\x20?=\s*|\s+)
        (?<value>
          (?<quote>")(?:\\[^\r\n]|""|[^"\\\r\n])*"?
          |(?<quote>')(?:''|[^'\r\n])*'?
          |(?<quote>\\+["']|\\+u002[27])(?:\\\\\\?[^\r\n]|\k<quote>\k<quote>|(?!\k<quote>)[^\r\n])*(?:\k<quote>)?
          |(?<==\s*)[^;"'\r\n]*(?=;\s*[A-Za-z][A-Za-z\x20]*=)
          |(?:\\u[0-9A-Fa-f]{4}|\\(?!["'])|[^\s;"'\\])+)
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Assignment();

    /// <summary>Up to the last @ before a blank or quote: a password may hold what else ends the name of a server.</summary>
    [GeneratedRegex("""://[^\s"@]*:[^\s"]*@""")]
    private static partial Regex Login();

    [GeneratedRegex("""\b(Bearer|Basic)\s+[A-Za-z0-9+/=._\-]{8,}""", RegexOptions.IgnoreCase)]
    private static partial Regex Bearer();

    [GeneratedRegex("-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)", RegexOptions.Singleline)]
    private static partial Regex PrivateKey();
}
