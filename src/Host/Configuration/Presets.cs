namespace MoeActors.Host.Configuration;

/// <summary>The reference configuration and the presets, which travel inside the assembly.</summary>
internal static class Presets
{
    private const string Folder = "hocon/presets/", Extension = ".conf";

    /// <summary>Names of the presets, ascending.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. typeof(Presets).Assembly.GetManifestResourceNames()
            .Where(n => n.StartsWith(Folder, StringComparison.Ordinal) && n.EndsWith(Extension, StringComparison.Ordinal))
            .Select(n => n[Folder.Length..^Extension.Length])
            .Order(StringComparer.Ordinal)];

    /// <summary>The reference configuration, hocon/moe.conf.</summary>
    public static SettingsLayer Reference(string workingFolder) => Embedded("hocon/moe.conf", workingFolder);

    /// <summary>A preset by name, or a file by its path.</summary>
    public static SettingsLayer Open(string preset, string origin, string workingFolder)
    {
        if (Names.Contains(preset))
        {
            return Embedded(Folder + preset + Extension, workingFolder);
        }

        if (preset.Contains('/', StringComparison.Ordinal) || preset.EndsWith(Extension, StringComparison.Ordinal))
        {
            return SettingsLayer.Read(preset, workingFolder);
        }

        string hint = Suggestions.Nearest(preset, Names) is { } near ? $"did you mean {near}? " : "";
        throw new SettingsException($"{origin}: unknown preset {preset}; {hint}There are {string.Join(", ", Names)}, or the path of a file like hocon/presets/tiny.conf");
    }

    private static SettingsLayer Embedded(string name, string workingFolder)
    {
        using Stream stream = typeof(Presets).Assembly.GetManifestResourceStream(name) ?? throw new SettingsException($"{name}: missing from the build");
        using var reader = new StreamReader(stream);
        return SettingsLayer.Parse(reader.ReadToEnd(), name, workingFolder);
    }
}
