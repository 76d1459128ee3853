using System.Diagnostics.CodeAnalysis;
using Akka.Configuration;
using Akka.Configuration.Hocon;

namespace MoeActors.Host.Configuration;

/// <summary>One source of settings, flattened to dotted keys.</summary>
internal sealed class SettingsLayer
{
    private readonly Dictionary<string, SettingValue> _values;

    private SettingsLayer(string origin, Dictionary<string, SettingValue> values)
    {
        Origin = origin;
        _values = values;
    }

    /// <summary>File or flag, for messages.</summary>
    public string Origin { get; }

    /// <summary>The settings by key.</summary>
    public IReadOnlyDictionary<string, SettingValue> Values => _values;

    /// <summary>Parses HOCON text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="origin">Name for messages.</param>
    /// <param name="baseFolder">Folder that relative paths in it start at.</param>
    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "The parser throws whatever it stumbles over, NullReferenceException included.")]
    public static SettingsLayer Parse(string text, string origin, string baseFolder)
    {
        HoconBalance.Check(text, origin);
        HoconValue root;
        try
        {
            root = ConfigurationFactory.ParseString(text).Root;
        }
        catch (Exception e)
        {
            string detail = e is NullReferenceException ? "an include, or a value that is missing" : e.Message.ReplaceLineEndings(" ").TrimEnd(' ', '.');
            throw new SettingsException($"{origin}: not valid HOCON: {detail}");
        }

        var values = new Dictionary<string, SettingValue>(StringComparer.Ordinal);
        if (root.IsObject())
        {
            Flatten(root.GetObject(), "", []);
        }

        return new SettingsLayer(origin, values);

        void Flatten(HoconObject section, string prefix, List<HoconObject> above)
        {
            above.Add(section);
            foreach ((string name, HoconValue value) in section.Items)
            {
                string key = prefix + name;
                if (value.IsObject())
                {
                    HoconObject inner = value.GetObject();

                    // An optional substitution that finds nothing (${?X}) comes out of the parser as a reference to its own parent.
                    if (!above.Contains(inner))
                    {
                        Flatten(inner, key + ".", above);
                    }
                }
                else if (value.IsArray())
                {
                    string[] items = [.. value.GetArray().Select(item => item.IsObject() || item.IsArray()
                        ? throw new SettingsException($"{origin}: {key}: expected a list of plain values")
                        : item.GetString())];
                    values[key] = new SettingValue(string.Join(", ", items), items, origin, baseFolder);
                }
                else
                {
                    if (value.Values.Count == 0)
                    {
                        throw new SettingsException($"{origin}: {key}: has no value; expected {key} = VALUE");
                    }

                    // The parser does not take an empty list for a list: it comes as a value without text.
                    values[key] = value.GetString() is { } text
                        ? new SettingValue(text, null, origin, baseFolder)
                        : new SettingValue("", [], origin, baseFolder);
                }
            }

            above.RemoveAt(above.Count - 1);
        }
    }

    /// <summary>Reads a file.</summary>
    public static SettingsLayer Read(string file, string workingFolder)
    {
        string full = Path.GetFullPath(file, workingFolder);
        try
        {
            return Parse(File.ReadAllText(full), file, Path.GetDirectoryName(full)!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string why = e is FileNotFoundException or DirectoryNotFoundException ? "no such file" : e.Message;
            throw new SettingsException($"{file}: cannot be read: {why}");
        }
    }

    /// <summary>The settings of the command line; a later one of the same key wins.</summary>
    public static SettingsLayer From(IEnumerable<SettingOverride> overrides, string workingFolder)
    {
        var values = new Dictionary<string, SettingValue>(StringComparer.Ordinal);
        foreach (SettingOverride o in overrides)
        {
            values[o.Key] = new SettingValue(string.Join(", ", o.Items), o.Items.Count == 1 ? null : o.Items, o.Origin, workingFolder);
        }

        return new SettingsLayer("command line", values);
    }
}
