namespace MoeActors.Actors.Cluster.Journal;

/// <summary>Where the coordinator's journal lives.</summary>
/// <param name="Provider">"sqlite" (one machine) or "postgresql" (required for several machines).</param>
/// <param name="ConnectionString">Connection string; a secret for PostgreSQL.</param>
public sealed record JournalOptions(string Provider, string ConnectionString);
