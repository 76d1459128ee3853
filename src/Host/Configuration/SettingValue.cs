namespace MoeActors.Host.Configuration;

/// <summary>One setting as it was written.</summary>
/// <param name="Text">The text of a single value; the items joined by ", " for a list.</param>
/// <param name="Items">The items where a list was written, else null.</param>
/// <param name="Origin">Where it was written, for messages: a file or a flag.</param>
/// <param name="BaseFolder">Absolute folder that relative paths in it start at.</param>
internal sealed record SettingValue(string Text, IReadOnlyList<string>? Items, string Origin, string BaseFolder);

/// <summary>A setting given on the command line: <c>--set key=value</c>, or a flag that stands for a key.</summary>
/// <param name="Key">The key.</param>
/// <param name="Items">The value, or several for a list.</param>
/// <param name="Origin">The flag, for messages.</param>
internal sealed record SettingOverride(string Key, IReadOnlyList<string> Items, string Origin)
{
    /// <summary>
    /// PURE: reads <c>key=value</c> of a --set. As in a file, a value in brackets is a list, and quotes keep a text, an item of a list or nothing (<c>""</c>) as it is.
    /// Nothing at all is refused: it is what a variable of the shell that is not set leaves.
    /// </summary>
    public static SettingOverride Parse(string assignment)
    {
        int at = assignment.IndexOf('=', StringComparison.Ordinal);
        if (at <= 0)
        {
            throw new SettingsException($"--set {new Diagnostics.Redactor().Text(assignment)}: expected key=value, for example --set training.seed=7");
        }

        string key = assignment[..at].Trim(), value = assignment[(at + 1)..].Trim();
        if (value.Length == 0)
        {
            throw new SettingsException($"--set {key}=: an empty value; expected --set {key}=VALUE, or --set '{key}=\"\"' where nothing is meant");
        }

        IReadOnlyList<string> items = value.StartsWith('[') && value.EndsWith(']') ? Split(key, value[1..^1]) : [Unquoted(value)];
        return new SettingOverride(key, items, "--set");
    }

    /// <summary>The items between commas that stand in no quotes.</summary>
    private static List<string> Split(string key, string list)
    {
        var items = new List<string>();
        int begin = 0;
        bool quoted = false;
        for (int i = 0; i <= list.Length; i++)
        {
            if (i == list.Length || (list[i] == ',' && !quoted))
            {
                string item = list[begin..i].Trim();
                if (item.Length > 0)
                {
                    items.Add(Unquoted(item));
                }
                else if (!string.IsNullOrWhiteSpace(list))
                {
                    throw new SettingsException($"--set {key}: an empty item in [{list}]; expected one between every two commas");
                }

                begin = i + 1;
            }
            else if (list[i] == '\\' && quoted)
            {
                i++;
            }
            else if (list[i] == '"' && (quoted || list.AsSpan(begin, i - begin).IsWhiteSpace()))
            {
                quoted = !quoted;
            }
        }

        return quoted ? throw new SettingsException($"--set {key}: a quote in the list is never closed") : items;
    }

    /// <summary>What stands in quotes, if all of <paramref name="text"/> is one quoted string.</summary>
    private static string Unquoted(string text)
    {
        if (text.Length < 2 || text[0] != '"')
        {
            return text;
        }

        var inner = new System.Text.StringBuilder();
        for (int i = 1; i < text.Length; i++)
        {
            if (text[i] == '"')
            {
                return i == text.Length - 1 ? inner.ToString() : text;
            }

            i += text[i] == '\\' && i + 1 < text.Length && text[i + 1] is '"' or '\\' ? 1 : 0;
            inner.Append(text[i]);
        }

        return text;
    }
}
