namespace MoeActors.Host.Configuration;

/// <summary>The keys of the reference configuration; anything else is a mistake and is answered with the nearest of them.</summary>
internal sealed class KnownKeys(IEnumerable<string> keys)
{
    private readonly HashSet<string> _keys = [.. keys];

    /// <summary>Throws <see cref="SettingsException"/> for the first key of <paramref name="layer"/> that does not exist.</summary>
    public void Check(SettingsLayer layer)
    {
        foreach ((string key, SettingValue value) in layer.Values)
        {
            if (_keys.Contains(key))
            {
                continue;
            }

            if (_keys.FirstOrDefault(k => k.StartsWith(key + ".", StringComparison.Ordinal)) is { } inside)
            {
                throw new SettingsException($"{value.Origin}: {key} is a section, not a value; expected a key in it, such as {inside}");
            }

            string hint = Suggestions.Nearest(key, _keys) is { } near ? $"did you mean {near}?" : "all keys are described in hocon/moe.conf";
            throw new SettingsException($"{value.Origin}: unknown key {key}; {hint}");
        }
    }
}
