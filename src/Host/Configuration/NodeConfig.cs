using System.Text;

using MoeActors.Actors.ControlPlane;
using MoeActors.Compute.Files;

namespace MoeActors.Host.Configuration;

/// <summary>
/// The configuration file a supervisor gives its nodes: the runtime settings it was started with. Readable by this user alone, because the
/// run's secret is in it.
/// </summary>
internal static class NodeConfig
{
    /// <summary>Name of the file in the run directory.</summary>
    public const string Name = "node.conf";

    /// <summary>Keys the supervisor sets itself.</summary>
    private static readonly string[] Own = ["preset", "run-dir", "nodes", "cluster.secret", "cluster.secret-file", "cluster.port", "cluster.join", "node.data-dir", "node.name", "logging.folder"];

    /// <summary>Keys of files, which mean the same from wherever they are read.</summary>
    private static readonly string[] Files = ["cluster.tls.certificate", "cluster.tls.authority", "http.token-file"];

    /// <summary>Writes the file.</summary>
    public static string Write(MoeSettings settings, string runFolder, string secret)
    {
        var text = new StringBuilder("# Written by `moe train` for its nodes.\n");
        foreach ((string key, SettingValue value) in settings.Values.OrderBy(v => v.Key, StringComparer.Ordinal))
        {
            if (RunSpecReader.IsRecorded(key) || Own.Contains(key) || key.StartsWith("generation.", StringComparison.Ordinal))
            {
                continue;
            }

            string written = value.Items is { } items ? HoconText.List(items) : HoconText.Quote(FullPath(key, value));
            text.Append(key).Append(" = ").Append(written).Append('\n');
        }

        text.Append("cluster.secret = ").Append(HoconText.Quote(secret)).Append('\n');
        text.Append("node.data-dir = ").Append(HoconText.Quote(runFolder)).Append('\n');
        text.Append("logging.folder = ").Append(HoconText.Quote(Path.Combine(runFolder, "logs"))).Append('\n');
        string path = Path.Combine(runFolder, Name);
        PrivateFiles.Replace(path, text.ToString(), durable: false);
        return path;
    }

    private static string FullPath(string key, SettingValue value) =>
        Files.Contains(key) && value.Text.Length > 0 ? Path.GetFullPath(value.Text, value.BaseFolder) : value.Text;
}
