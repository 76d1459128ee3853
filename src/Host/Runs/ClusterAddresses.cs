using MoeActors.Compute.Files;

namespace MoeActors.Host.Runs;

/// <summary>The file in a run directory that says where the nodes of a local cluster listen now, one HOST:PORT a line; its supervisor keeps it.</summary>
internal static class ClusterAddresses
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "cluster.addresses";

    /// <summary>Replaces the file; a reader sees the old or the new one.</summary>
    public static void Write(string folder, IEnumerable<string> addresses) =>
        PrivateFiles.Replace(Path.Combine(folder, FileName), string.Concat(addresses.Select(a => $"{a}\n")), durable: false);

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
