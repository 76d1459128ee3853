namespace MoeActors.Host.Configuration;

/// <summary>The reference configuration, the presets and the variants of blocks, which travel inside the assembly.</summary>
internal static class Presets
{
    private const string Folder = "hocon/presets/", BlockFolder = "hocon/blocks/", Extension = ".conf";

    /// <summary>Names of the presets, ascending.</summary>
    public static IReadOnlyList<string> Names { get; } = In(Folder);

    /// <summary>Names of the variants of blocks, ascending.</summary>
    public static IReadOnlyList<string> Blocks { get; } = In(BlockFolder);

    /// <summary>The reference configuration, hocon/moe.conf.</summary>
    public static SettingsLayer Reference(string workingFolder) => Embedded("hocon/moe.conf", workingFolder);

    /// <summary>A preset by name, or a file by its path.</summary>
    public static SettingsLayer Open(string preset, string origin, string workingFolder) =>
        Open(preset, origin, workingFolder, Folder, Names, "preset", "hocon/presets/tiny.conf");

    /// <summary>A variant of blocks by name, or a file by its path.</summary>
    public static SettingsLayer OpenBlock(string block, string origin, string workingFolder) =>
        Open(block, origin, workingFolder, BlockFolder, Blocks, "block", "hocon/blocks/scmoe.conf");

    private static SettingsLayer Open(string name, string origin, string workingFolder, string folder, IReadOnlyList<string> names, string what, string example)
    {
        if (names.Contains(name))
        {
            return Embedded(folder + name + Extension, workingFolder);
        }

        if (name.Contains('/', StringComparison.Ordinal) || name.EndsWith(Extension, StringComparison.Ordinal))
        {
            return SettingsLayer.Read(name, workingFolder);
        }

        string hint = Suggestions.Nearest(name, names) is { } near ? $"did you mean {near}? " : "";
        throw new SettingsException($"{origin}: unknown {what} {name}; {hint}There are {string.Join(", ", names)}, or the path of a file like {example}");
    }

    private static string[] In(string folder) =>
        [.. typeof(Presets).Assembly.GetManifestResourceNames()
            .Where(n => n.StartsWith(folder, StringComparison.Ordinal) && n.EndsWith(Extension, StringComparison.Ordinal))
            .Select(n => n[folder.Length..^Extension.Length])
            .Order(StringComparer.Ordinal)];

    private static SettingsLayer Embedded(string name, string workingFolder)
    {
        using Stream stream = typeof(Presets).Assembly.GetManifestResourceStream(name) ?? throw new SettingsException($"{name}: missing from the build");
        using var reader = new StreamReader(stream);
        return SettingsLayer.Parse(reader.ReadToEnd(), name, workingFolder);
    }
}
