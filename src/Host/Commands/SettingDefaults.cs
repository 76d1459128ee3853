using MoeActors.Host.Configuration;

namespace MoeActors.Host.Commands;

/// <summary>What a setting is without its flag, for the help.</summary>
internal static class SettingDefaults
{
    /// <summary>" [default: 3]", with the preset's name where the preset sets it; empty for a setting that has no value of its own.</summary>
    public static string Words(string key)
    {
        SettingsLayer reference = Presets.Reference(Environment.CurrentDirectory);
        string usual = reference.Values["preset"].Text;
        bool ofPreset = Presets.Open(usual, "preset", Environment.CurrentDirectory).Values.TryGetValue(key, out SettingValue? value);
        value ??= reference.Values[key];
        return value.Text.Length == 0 ? "" : $" [default: {value.Text.TrimEnd()}{(ofPreset ? $" with {usual}" : "")}]";
    }
}
