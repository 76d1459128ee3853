using System.Data.Common;

using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Cluster.Journal;

/// <summary>Where the coordinator's journal is, in words that two nodes of one machine can compare.</summary>
internal static class JournalPlace
{
    /// <summary>What SQLite's connection strings call the file.</summary>
    private static readonly string[] SourceKeys = ["Data Source", "DataSource", "Filename"];

    /// <summary>Links followed on the way to a file, as many as Linux follows.</summary>
    private const int MostLinks = 40;

    /// <summary>Without any secret: "postgresql", or the embedded journal's file, links followed. Reads the file system. Throws <see cref="SpecException"/> where the connection string names no file.</summary>
    public static string Of(JournalOptions journal)
    {
        if (journal.Provider != "sqlite")
        {
            return journal.Provider;
        }

        try
        {
            var parts = new DbConnectionStringBuilder { ConnectionString = journal.ConnectionString };
            string? file = SourceKeys.Select(k => parts.TryGetValue(k, out object? value) ? value.ToString() : null).FirstOrDefault(v => !string.IsNullOrEmpty(v));
            return file is null
                ? throw new SpecException("persistence.connection-string names no file: expected \"Data Source=FILE\" for sqlite")
                : RealPath(Path.GetFullPath(file), MostLinks);
        }
        catch (ArgumentException e)
        {
            throw new SpecException($"persistence.connection-string: {e.Message} Expected \"Data Source=FILE\" for sqlite");
        }
    }

    private static string RealPath(string path, int links)
    {
        string real = Path.GetPathRoot(path)!;
        foreach (string part in path[real.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))
        {
            // A loop of links is left as it is: whoever opens the file will say so.
            string next = Path.Combine(real, part);
            real = links > 0 && new FileInfo(next).LinkTarget is { } target ? RealPath(Path.GetFullPath(target, real), --links) : next;
        }

        return real;
    }
}
