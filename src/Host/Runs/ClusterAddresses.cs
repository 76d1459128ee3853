using MoeActors.Compute.Files;

namespace MoeActors.Host.Runs;

/// <summary>The files in a run directory that say where the nodes of a local cluster listen now; its supervisor keeps them.</summary>
internal static class ClusterAddresses
{
    /// <summary>Name of the file of control-plane addresses: one HOST:PORT a line.</summary>
    public const string FileName = "cluster.addresses";

    /// <summary>Name of the file of status servers: "NODE URL" a line.</summary>
    public const string PagesName = "http.addresses";

    /// <summary>Replaces one of the files; a reader sees the old or the new one.</summary>
    public static void Write(string folder, IEnumerable<string> lines, string file = FileName) =>
        PrivateFiles.Replace(Path.Combine(folder, file), string.Concat(lines.Select(l => $"{l}\n")), durable: false);

    /// <summary>Takes the files away: the cluster has ended. While all its nodes are being started again they are there, and empty.</summary>
    public static void Remove(string folder)
    {
        File.Delete(Path.Combine(folder, FileName));
        File.Delete(Path.Combine(folder, PagesName));
    }

    /// <summary>Whether the cluster has ended in order.</summary>
    public static bool HaveGone(string folder) => !File.Exists(Path.Combine(folder, FileName));

    /// <summary>The addresses; empty where no cluster runs.</summary>
    public static IReadOnlyList<string> Read(string folder)
    {
        try
        {
            return File.ReadAllLines(Path.Combine(folder, FileName));
        }
        catch (IOException)
        {
            return [];
        }
    }
}
