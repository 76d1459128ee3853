namespace MoeActors.Host.Configuration;

/// <summary>Database of the run coordinator's journal.</summary>
internal enum PersistenceProvider
{
    /// <summary>Files of this machine.</summary>
    Sqlite,

    /// <summary>A PostgreSQL server.</summary>
    PostgreSql,
}

/// <summary>The run coordinator's journal.</summary>
/// <param name="Provider">Database.</param>
/// <param name="ConnectionString">Empty with SQLite: files in the run directory.</param>
/// <param name="SharedStorage">Whether the run directory is on storage all machines of the cluster see.</param>
internal sealed record PersistenceSettings(PersistenceProvider Provider, string ConnectionString, bool SharedStorage)
{
    /// <summary>Reads the section.</summary>
    /// <param name="r">The settings.</param>
    /// <param name="cluster">Decides whether the run spans machines, which needs a database and storage that all of them see.</param>
    public static PersistenceSettings Read(SettingsReader r, ClusterSettings cluster)
    {
        var persistence = new PersistenceSettings(
            r.Choice("persistence.provider", ("sqlite", PersistenceProvider.Sqlite), ("postgresql", PersistenceProvider.PostgreSql)),
            r.Text("persistence.connection-string"),
            r.Switch("persistence.shared-storage"));
        if (persistence is { Provider: PersistenceProvider.PostgreSql, ConnectionString: "" })
        {
            throw r.Wrong("persistence.connection-string", "the connection string of the PostgreSQL server, because persistence.provider = postgresql");
        }

        if (!cluster.IsLocal && persistence.Provider == PersistenceProvider.Sqlite)
        {
            throw r.Wrong("persistence.provider", $"postgresql: cluster.host = {cluster.Host} can be reached by other machines, and they cannot share a SQLite file");
        }

        if (cluster.SplitBrain.Strategy == SplitBrainStrategy.LeaseMajority && persistence.Provider != PersistenceProvider.PostgreSql)
        {
            throw r.Wrong("cluster.split-brain.strategy", "keep-majority, keep-oldest or static-quorum: the lease of lease-majority lies in a database, which needs persistence.provider = postgresql");
        }

        return cluster.IsLocal || persistence.SharedStorage
            ? persistence
            : throw r.Wrong("persistence.shared-storage", $"on, with run-dir on storage that all machines see: cluster.host = {cluster.Host} can be reached by other machines");
    }
}
