using MoeActors.Host.Configuration;

namespace MoeActors.Host.Tests.Configuration;

/// <summary>Configuration files in a folder of their own, and loading them.</summary>
internal sealed class Samples : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("moe-settings-").FullName;

    public string File(string name, string text)
    {
        string path = Path.Combine(Folder, name);
        System.IO.File.WriteAllText(path, text);
        return name;
    }

    public MoeSettings Load(string? file = null, params string[] set) => SettingsLoader.Load(Request(file, set));

    public SettingsRequest Request(string? file = null, params string[] set) => new()
    {
        ConfigFile = file,
        Overrides = [.. set.Select(SettingOverride.Parse)],
        WorkingFolder = Folder,
        BFloat16 = false,
    };

    public string Refusal(string? file = null, params string[] set) => Assert.Throws<SettingsException>(() => Load(file, set)).Message;

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
