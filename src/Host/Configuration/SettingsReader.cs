using System.Globalization;
using System.Numerics;

namespace MoeActors.Host.Configuration;

/// <summary>Typed access to the merged settings. Every wrong value is named with its file, key, value and what was expected.</summary>
internal sealed class SettingsReader(IReadOnlyDictionary<string, SettingValue> values)
{
    /// <summary>Longest time that anything waits for: what the timers take.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromDays(20);

    /// <summary>Largest size that means anything: 1 PiB.</summary>
    private const long MostBytes = 1L << 50;

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
    public string Name(string key) => !string.IsNullOrWhiteSpace(Text(key)) ? Text(key) : throw Wrong(key, "a text that is not empty");

    /// <summary>A whole number within bounds.</summary>
    public int Whole(string key, int least = 0, int most = int.MaxValue) => (int)Long(key, least, most);

    /// <summary>A whole number of 64 bits within bounds.</summary>
    public long Long(string key, long least = long.MinValue, long most = long.MaxValue)
    {
        // More digits than a number of 64 bits has are a number still, and too large.
        if (!BigInteger.TryParse(Text(key), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out BigInteger number))
        {
            throw Wrong(key, "a whole number");
        }

        return number >= least && number <= most ? (long)number : throw Wrong(key, $"a whole number {Bounds(number < least, $"{least}", $"{most}", most is int.MaxValue or long.MaxValue)}");
    }

    /// <summary>A finite number within bounds.</summary>
    public double Number(string key, double least = double.MinValue, double most = double.MaxValue)
    {
        if (!double.TryParse(Text(key), NumberStyles.Float, CultureInfo.InvariantCulture, out double number) || double.IsNaN(number))
        {
            throw Wrong(key, "a number");
        }

        return number >= least && number <= most
            ? number
            : throw Wrong(key, $"a number {Bounds(number < least, Plain(least), Plain(most), most == double.MaxValue)}");

        static string Plain(double n) => n.ToString("R", CultureInfo.InvariantCulture);
    }

    /// <summary>on or off.</summary>
    public bool Switch(string key) => Text(key) switch
    {
        "on" or "true" or "yes" => true,
        "off" or "false" or "no" => false,
        _ => throw Wrong(key, "on or off"),
    };

    /// <summary>A time that is not negative, at most <see cref="LongestWait"/>.</summary>
    public TimeSpan Duration(string key) => Duration(key, TimeSpan.Zero, LongestWait);

    /// <summary>A time that something is repeated in or waited for: neither too short to do anything else, nor longer than <see cref="LongestWait"/>.</summary>
    public TimeSpan Interval(string key, int leastMs = 1) => Duration(key, TimeSpan.FromMilliseconds(leastMs), LongestWait);

    /// <summary>A time within bounds.</summary>
    public TimeSpan Duration(string key, TimeSpan least, TimeSpan most)
    {
        if (!Quantities.TryDuration(Text(key), out TimeSpan time))
        {
            throw Wrong(key, $"a duration such as 250 ms, 3 s or 10 min, at most {Quantities.Duration(most)}");
        }

        return time >= least && time <= most ? time : throw Wrong(key, $"a duration between {Quantities.Duration(least)} and {Quantities.Duration(most)}");
    }

    /// <summary>A size in bytes within bounds.</summary>
    public long Size(string key, long least = 0, long most = MostBytes)
    {
        if (!Quantities.TrySize(Text(key), out long bytes))
        {
            throw Wrong(key, $"a size such as 256 KiB or 1 GiB, at most {Quantities.Size(most)}");
        }

        return bytes >= least && bytes <= most ? bytes : throw Wrong(key, bytes < least ? $"at least {least} B" : $"at most {Quantities.Size(most)}");
    }

    /// <summary>A list of texts, none of them empty; one value alone is a list of one.</summary>
    public IReadOnlyList<string> List(string key)
    {
        SettingValue value = Value(key);
        IReadOnlyList<string> items = value.Items ?? [value.Text];
        return items.Any(string.IsNullOrWhiteSpace) ? throw Wrong(key, "nothing empty in the list; [] is a list without items") : items;
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
    public string? PathOrNull(string key) => Text(key) is { Length: > 0 } path ? Absolute(key, path) : null;

    /// <summary>Absolute paths.</summary>
    public IReadOnlyList<string> Paths(string key) => [.. List(key).Select(path => Absolute(key, path))];

    /// <summary>The exception for a value that cannot be. The value of a secret is never shown.</summary>
    public SettingsException Wrong(string key, string expected) =>
        new($"{Value(key).Origin}: {key} = {(Value(key).Text.Length == 0 ? "\"\"" : SecretSettings.Shown(key, Value(key).Text))}: expected {expected}");

    private static string Bounds(bool low, string least, string most, bool open) =>
        !open ? $"between {least} and {most}" : low ? $"of at least {least}" : $"of at most {most}";

    private string Absolute(string key, string path) =>
        !string.IsNullOrWhiteSpace(path) && !path.Contains('\0', StringComparison.Ordinal) ? Path.GetFullPath(path, Value(key).BaseFolder) : throw Wrong(key, "a path");

    private SettingValue Value(string key)
    {
        _read.Add(key);
        return values.TryGetValue(key, out SettingValue? value)
            ? value
            : throw new SettingsException($"hocon/moe.conf: the key {key} is missing from the reference configuration");
    }
}
