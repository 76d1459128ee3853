using System.Text;

namespace MoeActors.Host.Configuration;

/// <summary>
/// The substitutions of one file, <c>${NAME}</c> and <c>${?NAME}</c>: another setting of the same file, else a variable of the environment. They are resolved
/// when the file has been read, here and not by the parser.
/// </summary>
internal sealed class Substitutions
{
    private readonly List<(string Name, bool Optional)> _found = [];
    private readonly string _mark = $"\uE000{Guid.NewGuid():N}:";

    /// <summary>Makes one known; returns the mark that stands for it in a value.</summary>
    public string Add(string name, bool optional)
    {
        _found.Add((name, optional));
        return $"{_mark}{_found.Count - 1}\uE001";
    }

    /// <summary>
    /// The settings without marks; pure but for <paramref name="environment"/>. A setting whose whole value is an optional one that finds nothing is left out: it stays what another
    /// layer makes it. Not so a secret, and nothing is ever taken for a variable that is there and empty: both would be open where somebody meant to close. Throws
    /// <see cref="SettingsException"/> that names the key.
    /// </summary>
    /// <param name="marked">The settings as the parser read them.</param>
    /// <param name="environment">Value of a variable of the environment, null = not set.</param>
    public Dictionary<string, SettingValue> Resolve(Dictionary<string, SettingValue> marked, Func<string, string?> environment)
    {
        if (_found.Count == 0)
        {
            return marked;
        }

        var resolving = new Resolving(this, marked, environment);
        var result = new Dictionary<string, SettingValue>(StringComparer.Ordinal);
        foreach (string key in marked.Keys)
        {
            if (resolving.Value(key) is { } value)
            {
                result[key] = value;
            }
        }

        return result;
    }

    /// <summary>What <paramref name="text"/> is made of: pieces of text, and numbers of substitutions.</summary>
    private IEnumerable<(string Text, int Number)> Pieces(string text)
    {
        int at = 0;
        for (int mark; (mark = text.IndexOf(_mark, at, StringComparison.Ordinal)) >= 0;)
        {
            if (mark > at)
            {
                yield return (text[at..mark], -1);
            }

            int from = mark + _mark.Length, end = text.IndexOf('\uE001', from);
            yield return ("", int.Parse(text.AsSpan(from, end - from), System.Globalization.CultureInfo.InvariantCulture));
            at = end + 1;
        }

        if (at < text.Length)
        {
            yield return (text[at..], -1);
        }
    }

    private sealed class Resolving(Substitutions all, Dictionary<string, SettingValue> marked, Func<string, string?> environment)
    {
        private readonly Dictionary<string, SettingValue?> _done = new(StringComparer.Ordinal);
        private readonly List<string> _path = [];

        /// <summary>The value of <paramref name="key"/>, null = it stays as it was.</summary>
        public SettingValue? Value(string key)
        {
            if (_done.TryGetValue(key, out SettingValue? done))
            {
                return done;
            }

            SettingValue value = marked[key];
            if (_path.Contains(key))
            {
                throw Wrong(key, value, $"leads back to itself: {string.Join(" → ", _path.SkipWhile(k => k != key).Append(key))}; expected a value at one of them");
            }

            if (_path.Count == HoconScan.MostLevels)
            {
                throw Wrong(key, value, $"is reached through more than {HoconScan.MostLevels} substitutions; expected a value");
            }

            _path.Add(key);
            SettingValue? result = value.Items is { } items
                ? List(key, value, items)
                : all.Pieces(value.Text).ToArray() is [(_, >= 0 and var alone)] ? Found(key, value, alone) : Joined(key, value, value.Text);
            _path.RemoveAt(_path.Count - 1);
            return _done[key] = result;
        }

        private SettingValue List(string key, SettingValue value, IReadOnlyList<string> items)
        {
            var found = new List<string>();
            int length = 0;
            foreach (string item in items.SelectMany(item => Item(key, value, item)))
            {
                length = Bounded(key, value, length + item.Length + 1);
                found.Add(item);
            }

            return value with { Items = found, Text = string.Join(", ", found) };
        }

        /// <summary>A few lines that double each other could ask for more memory than there is.</summary>
        private static int Bounded(string key, SettingValue value, int length) =>
            length <= SettingsLayer.MostCharacters ? length : throw Wrong(key, value, $"becomes longer than {SettingsLayer.MostCharacters} characters");

        private IEnumerable<string> Item(string key, SettingValue value, string item) =>
            all.Pieces(item).ToArray() is [(_, >= 0 and var alone)]
                ? Found(key, value, alone) is { } found ? found.Items ?? [found.Text] : []
                : [Joined(key, value, item).Text];

        private SettingValue Joined(string key, SettingValue value, string text)
        {
            var joined = new StringBuilder();
            foreach ((string piece, int number) in all.Pieces(text))
            {
                joined.Append(number < 0 ? piece : Found(key, value, number) switch
                {
                    { Items: not null } => throw Wrong(key, value, $"${{{all._found[number].Name}}} is a list; expected a single value inside a text"),
                    { } found => found.Text,
                    null => "",
                });
                Bounded(key, value, joined.Length);
            }

            return value with { Text = joined.ToString() };
        }

        /// <summary>What a substitution stands for; null = nothing, and that is allowed.</summary>
        private SettingValue? Found(string key, SettingValue value, int number)
        {
            (string name, bool optional) = all._found[number];
            if (marked.ContainsKey(name))
            {
                return Value(name) is { } other ? value with { Text = other.Text, Items = other.Items } : Nothing(key, value, name, optional);
            }

            if (marked.Keys.Any(k => k.StartsWith(name + ".", StringComparison.Ordinal)))
            {
                throw Wrong(key, value, $"${{{name}}} is a section; expected a value or a list");
            }

            return environment(name) switch
            {
                null => Nothing(key, value, name, optional),
                "" => throw Wrong(key, value, $"the environment variable {name} is empty; expected a value, or that it is not set"),
                var text => value with { Text = text, Items = null },
            };
        }

        private static SettingValue? Nothing(string key, SettingValue value, string name, bool optional) => (optional, SecretSettings.Guards(key)) switch
        {
            (true, false) => null,
            (true, true) => throw Wrong(key, value, $"the environment variable {name} is not set; expected the secret in it; where none is wanted, leave the line out"),
            _ => throw Wrong(key, value, $"${{{name}}} is neither a setting of this file nor a variable of the environment; expected one of them (${{?{name}}} where it may be missing)"),
        };

        private static SettingsException Wrong(string key, SettingValue value, string what) => new($"{value.Origin}: {key}: {what}");
    }
}
