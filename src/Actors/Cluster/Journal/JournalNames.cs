using System.IO.Hashing;
using System.Text;

namespace MoeActors.Actors.Cluster.Journal;

/// <summary>
/// PURE: under which names a cluster's actors keep their entries in the journal. A cluster that was started for one run folder names them by it: in a copied or moved journal,
/// or in a database that several runs share, the entries of another folder are another's, and nobody acts on them.
/// </summary>
internal static class JournalNames
{
    /// <summary>The name of an actor's entries.</summary>
    /// <param name="actor">The actor.</param>
    /// <param name="runFolder">Folder of the run that the cluster was started for; null: none in particular.</param>
    public static string Of(string actor, string? runFolder) =>
        runFolder is null ? actor : $"{actor} of {Convert.ToHexStringLower(XxHash128.Hash(Encoding.UTF8.GetBytes(Path.TrimEndingDirectorySeparator(runFolder))))}";
}
