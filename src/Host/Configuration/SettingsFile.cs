using System.Text;

namespace MoeActors.Host.Configuration;

/// <summary>Writes settings back as HOCON, so that a run directory keeps what its processes were started with.</summary>
internal static class SettingsFile
{
    private static readonly string[] Secrets = ["cluster.secret", "cluster.tls.password", "persistence.connection-string"];

    /// <summary>
    /// Every setting that differs from the reference, with its origin. Secrets are left out unless <paramref name="secrets"/>.
    /// Paths are written absolute, so that the file means the same wherever it lies.
    /// </summary>
    public static string Write(MoeSettings settings, bool secrets = false)
    {
        var text = new StringBuilder("# Settings that differ from hocon/moe.conf.\n");
        foreach ((string key, SettingValue value) in settings.Values.OrderBy(v => v.Key, StringComparer.Ordinal))
        {
            if (value.Origin == "hocon/moe.conf" || (!secrets && Secrets.Contains(key)))
            {
                continue;
            }

            string written = value.Items is { } items ? $"[{string.Join(", ", items.Select(i => Quote(Absolute(key, i, value))))}]" : Quote(Absolute(key, value.Text, value));
            text.Append(key).Append(" = ").Append(written).Append("  # ").Append(value.Origin).Append('\n');
        }

        return text.ToString();
    }

    private static string Absolute(string key, string text, SettingValue value)
    {
        bool path = key is "run-dir" or "data.paths" or "cluster.secret-file" or "cluster.tls.certificate" or "cluster.tls.authority" or "node.data-dir" or "logging.folder"
            || (key == "data.tokenizer" && text != "bytes")
            || (key == "preset" && text.EndsWith(".conf", StringComparison.Ordinal));
        return path && text.Length > 0 ? Path.GetFullPath(text, value.BaseFolder) : text;
    }

    private static string Quote(string text) => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
