using System.Data.Common;

using Akka.Configuration;
using Akka.Persistence.Sql;

using MoeActors.Actors.ControlPlane;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Cluster.Journal;

/// <summary>PURE: Akka.Persistence.Sql's configuration of the coordinator's journal.</summary>
public static class JournalSettings
{
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
                  connection-string = {{HoconText.Quote(journal.ConnectionString)}}
                  provider-name = "{{provider}}"
                  auto-initialize = true
                  serializer = moe
                }
              }
              snapshot-store {
                plugin = "akka.persistence.snapshot-store.sql"
                sql {
                  class = "Akka.Persistence.Sql.Snapshot.SqlSnapshotStore, Akka.Persistence.Sql"
                  connection-string = {{HoconText.Quote(journal.ConnectionString)}}
                  provider-name = "{{provider}}"
                  auto-initialize = true
                }
              }
            }
            """).WithFallback(SqlPersistence.DefaultConfiguration);
    }

    /// <summary>Connection string of an embedded journal in <paramref name="folder"/>.</summary>
    public static string Embedded(string folder) => new DbConnectionStringBuilder
    {
        ["Data Source"] = Path.Combine(folder, "journal.db"),
        ["Mode"] = "ReadWriteCreate",
        ["Default Timeout"] = "10",
    }.ConnectionString;
}
