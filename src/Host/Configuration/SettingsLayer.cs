using System.Diagnostics.CodeAnalysis;
using Akka.Configuration;
using Akka.Configuration.Hocon;

namespace MoeActors.Host.Configuration;

/// <summary>One source of settings, flattened to dotted keys.</summary>
internal sealed class SettingsLayer
{
    /// <summary>Longest file of settings, and longest value.</summary>
    public const int MostCharacters = 1 << 20;

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

    /// <summary>Parses HOCON text; substitutions find other settings in it, else variables of the environment.</summary>
    /// <param name="text">The text.</param>
    /// <param name="origin">Name for messages.</param>
    /// <param name="baseFolder">Folder that relative paths in it start at.</param>
    /// <param name="environment">Value of a variable, null = not set; without it, this process's environment.</param>
    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "The parser throws whatever it stumbles over, NullReferenceException included.")]
    public static SettingsLayer Parse(string text, string origin, string baseFolder, Func<string, string?>? environment = null)
    {
        HoconScan scan = HoconScan.Of(text, origin);
        HoconValue root;
        try
        {
            root = ConfigurationFactory.ParseString(scan.Text).Root;
        }
        catch (Exception e)
        {
            string detail = e is NullReferenceException ? "an include, or a value that is missing" : e.Message.ReplaceLineEndings(" ").TrimEnd(' ', '.');
            throw new SettingsException($"{origin}: not valid HOCON: {detail}");
        }

        var values = new Dictionary<string, SettingValue>(StringComparer.Ordinal);
        if (root.IsObject())
        {
            Flatten(root.GetObject(), "", 0);
        }

        return new SettingsLayer(origin, scan.Substitutions.Resolve(values, environment ?? Environment.GetEnvironmentVariable));

        void Flatten(HoconObject section, string prefix, int depth)
        {
            // The text is not nested so deep (HoconScan): the parser has put a section into itself, which it does with some that are no HOCON.
            if (depth > HoconScan.MostLevels)
            {
                throw new SettingsException($"{origin}: {string.Join('.', prefix.Split('.')[..2])}: a section that leads into itself; expected KEY = VALUE, or KEY {{ … }} with such in it");
            }

            foreach ((string name, HoconValue value) in section.Items)
            {
                string key = prefix + name;
                if (value.IsObject())
                {
                    Flatten(value.GetObject(), key + ".", depth + 1);
                }
                else if (value.IsArray())
                {
                    // A list of blanks comes as one item without a value.
                    string[] items = [.. value.GetArray().Where(item => item.Values.Count > 0).Select(item => item.IsObject() || item.IsArray() || item.GetString() is not { } plain
                        ? throw new SettingsException($"{origin}: {key}: expected a list of plain values")
                        : plain)];
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
        }
    }

    /// <summary>No variable is set: for files that a program wrote, and that may be another user's by now. Nothing of this process's environment belongs into them.</summary>
    public static string? NoEnvironment(string name) => null;

    /// <summary>Reads a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="workingFolder">Folder that its name starts at.</param>
    /// <param name="environment">As for <see cref="Parse"/>.</param>
    public static SettingsLayer Read(string file, string workingFolder, Func<string, string?>? environment = null)
    {
        string full = Path.GetFullPath(file, workingFolder);
        try
        {
            return Parse(Text(full, file), file, Path.GetDirectoryName(full)!, environment);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            string why = e is FileNotFoundException or DirectoryNotFoundException ? "no such file" : e.Message;
            throw new SettingsException($"{file}: cannot be read: {why}");
        }
    }

    /// <summary>All of a file, unless it is longer than settings can be: a device that never ends, or a file of another kind.</summary>
    private static string Text(string path, string file)
    {
        using var reader = new StreamReader(path);
        char[] buffer = new char[MostCharacters + 1];
        int length = reader.ReadBlock(buffer);
        return length <= MostCharacters
            ? new string(buffer, 0, length)
            : throw new SettingsException($"{file}: is longer than {MostCharacters} characters; expected a file of settings such as hocon/moe.conf");
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
