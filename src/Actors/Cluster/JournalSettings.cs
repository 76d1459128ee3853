using System.Data.Common;

using Akka.Configuration;
using Akka.Persistence.Sql;

using MoeActors.Compute.Models;

namespace MoeActors.Actors.Cluster;

/// <summary>Akka.Persistence.Sql's configuration of the coordinator's journal.</summary>
public static class JournalSettings
{
    /// <summary>What SQLite's connection strings call the file.</summary>
    private static readonly string[] SourceKeys = ["Data Source", "DataSource", "Filename"];

    /// <summary>Links followed on the way to a file, as many as Linux follows.</summary>
    private const int MostLinks = 40;

    /// <summary>Configuration for <paramref name="journal"/>.</summary>
    public static Config Of(JournalOptions journal)
    {
        string provider = journal.Provider switch
        {
            "sqlite" => "SQLite.MS",
            "postgresql" => "PostgreSQL.15",
            _ => throw new SpecException($"persistence.provider = {journal.Provider}: expected sqlite (one machine) or postgresql (several machines)"),
        };
        return ConfigurationFactory.ParseString($$"""
            akka.persistence {
              journal {
                plugin = "akka.persistence.journal.sql"
                sql {
                  class = "Akka.Persistence.Sql.Journal.SqlWriteJournal, Akka.Persistence.Sql"
                  connection-string = "{{journal.ConnectionString}}"
                  provider-name = "{{provider}}"
                  auto-initialize = true
                  serializer = moe
                }
              }
              snapshot-store {
                plugin = "akka.persistence.snapshot-store.sql"
                sql {
                  class = "Akka.Persistence.Sql.Snapshot.SqlSnapshotStore, Akka.Persistence.Sql"
                  connection-string = "{{journal.ConnectionString}}"
                  provider-name = "{{provider}}"
                  auto-initialize = true
                }
              }
            }
            """).WithFallback(SqlPersistence.DefaultConfiguration);
    }

    /// <summary>Where it is, without any secret: "postgresql", or the embedded journal's file, links followed. Reads the file system. Throws <see cref="SpecException"/> where the connection string names no file.</summary>
    public static string PlaceOf(JournalOptions journal)
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
            throw new SpecException($"persistence.connection-string: {e.Message} Expected \"Data Source=FILE\" for sqlite; a --data-dir must have no ; in its name");
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

    /// <summary>Connection string of an embedded journal in <paramref name="folder"/>.</summary>
    public static string Embedded(string folder) => $"Data Source={Path.Combine(folder, "journal.db")};Mode=ReadWriteCreate;Default Timeout=10";
}
