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
    /// <summary>Reads <c>key=value</c> of a --set; a value in brackets is a list, its items with or without quotes as in a file.</summary>
    public static SettingOverride Parse(string assignment)
    {
        int at = assignment.IndexOf('=', StringComparison.Ordinal);
        if (at <= 0)
        {
            throw new SettingsException($"--set {assignment}: expected key=value, for example --set training.seed=7");
        }

        string key = assignment[..at].Trim(), value = assignment[(at + 1)..].Trim();
        IReadOnlyList<string> items = value.StartsWith('[') && value.EndsWith(']')
            ? [.. value[1..^1].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Unquoted)]
            : [value];
        return new SettingOverride(key, items, "--set");
    }

    private static string Unquoted(string item) => item.Length >= 2 && item[0] == '"' && item[^1] == '"' ? item[1..^1] : item;
}
