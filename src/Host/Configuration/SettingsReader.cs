using System.Globalization;

namespace MoeActors.Host.Configuration;

/// <summary>Typed access to the merged settings. Every wrong value is named with its file, key, value and what was expected.</summary>
internal sealed class SettingsReader(IReadOnlyDictionary<string, SettingValue> values)
{
    private readonly HashSet<string> _read = [];

    /// <summary>Keys asked for so far.</summary>
    public IReadOnlySet<string> KeysRead => _read;

    /// <summary>Where <paramref name="key"/> was written, or null when there is no such key.</summary>
    public string? Origin(string key) => values.TryGetValue(key, out SettingValue? value) ? value.Origin : null;

    /// <summary>Any text.</summary>
    public string Text(string key)
    {
        SettingValue value = Value(key);
        return value.Items is null or { Count: 1 } ? value.Text : throw Wrong(key, "one value, not a list");
    }

    /// <summary>A text that is not empty.</summary>
    public string Name(string key) => Text(key) is { Length: > 0 } text ? text : throw Wrong(key, "a text that is not empty");

    /// <summary>A whole number within bounds.</summary>
    public int Whole(string key, int least = 0, int most = int.MaxValue) => (int)Long(key, least, most);

    /// <summary>A whole number of 64 bits within bounds.</summary>
    public long Long(string key, long least = long.MinValue, long most = long.MaxValue)
    {
        if (!long.TryParse(Text(key), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number))
        {
            throw Wrong(key, "a whole number");
        }

        return number >= least && number <= most
            ? number
            : throw Wrong(key, most is int.MaxValue or long.MaxValue ? $"a whole number of at least {least}" : $"a whole number between {least} and {most}");
    }

    /// <summary>A finite number within bounds.</summary>
    public double Number(string key, double least = double.MinValue, double most = double.MaxValue)
    {
        if (!double.TryParse(Text(key), NumberStyles.Float, CultureInfo.InvariantCulture, out double number) || !double.IsFinite(number))
        {
            throw Wrong(key, "a number");
        }

        return number >= least && number <= most
            ? number
            : throw Wrong(key, most == double.MaxValue ? $"a number of at least {least}" : $"a number between {least} and {most}");
    }

    /// <summary>on or off.</summary>
    public bool Switch(string key) => Text(key) switch
    {
        "on" or "true" or "yes" => true,
        "off" or "false" or "no" => false,
        _ => throw Wrong(key, "on or off"),
    };

    /// <summary>A time that is not negative.</summary>
    public TimeSpan Duration(string key) =>
        Quantities.TryDuration(Text(key), out TimeSpan time) ? time : throw Wrong(key, "a duration such as 250 ms, 3 s or 10 min");

    /// <summary>A size in bytes.</summary>
    public long Size(string key, long least = 0)
    {
        if (!Quantities.TrySize(Text(key), out long bytes))
        {
            throw Wrong(key, "a size such as 256 KiB or 1 GiB");
        }

        return bytes >= least ? bytes : throw Wrong(key, $"at least {least} B");
    }

    /// <summary>A list of texts; one value alone is a list of one.</summary>
    public IReadOnlyList<string> List(string key)
    {
        SettingValue value = Value(key);
        return value.Items ?? (value.Text.Length == 0 ? [] : [value.Text]);
    }

    /// <summary>One of a few words.</summary>
    public T Choice<T>(string key, params ReadOnlySpan<(string Word, T Value)> choices)
    {
        string text = Text(key);
        var words = new List<string>();
        foreach ((string word, T value) in choices)
        {
            if (word == text)
            {
                return value;
            }

            words.Add(word);
        }

        string hint = Suggestions.Nearest(text, words) is { } near ? $"; did you mean {near}?" : "";
        throw Wrong(key, $"one of {string.Join(", ", words)}{hint}");
    }

    /// <summary>An absolute path, or null when the setting is empty.</summary>
    public string? PathOrNull(string key) => Text(key) is { Length: > 0 } path ? Path.GetFullPath(path, Value(key).BaseFolder) : null;

    /// <summary>Absolute paths.</summary>
    public IReadOnlyList<string> Paths(string key) => [.. List(key).Select(path => Path.GetFullPath(path, Value(key).BaseFolder))];

    /// <summary>The exception for a value that cannot be.</summary>
    public SettingsException Wrong(string key, string expected) =>
        new($"{Value(key).Origin}: {key} = {(Value(key).Text.Length == 0 ? "\"\"" : Value(key).Text)}: expected {expected}");

    private SettingValue Value(string key)
    {
        _read.Add(key);
        return values.TryGetValue(key, out SettingValue? value)
            ? value
            : throw new SettingsException($"hocon/moe.conf: the key {key} is missing from the reference configuration");
    }
}
