using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Host.Commands;
using MoeActors.Host.Configuration;

using Npgsql;

namespace MoeActors.Host.Nodes;

/// <summary>Says what is wrong with the journal's database before the node joins anything: later the coordinator would only be silent.</summary>
internal static class JournalCheck
{
    /// <summary>Connects once; throws <see cref="CommandException"/> or <see cref="SettingsException"/> with one sentence, which holds no password.</summary>
    public static async Task VerifyAsync(JournalOptions journal, CancellationToken cancel)
    {
        if (journal.Provider == "sqlite")
        {
            if (JournalDamage.Look(journal.ConnectionString) is { } damage)
            {
                throw new CommandException(NodeExit.JournalDamaged, damage);
            }

            return;
        }

        NpgsqlConnectionStringBuilder to;
        try
        {
            to = new NpgsqlConnectionStringBuilder(journal.ConnectionString) { Timeout = 5 };
        }
        catch (ArgumentException e)
        {
            throw new SettingsException($"persistence.connection-string cannot be understood: {e.Message.TrimEnd('.')}; expected \"Host=…;Port=…;Username=…;Password=…;Database=…\"");
        }

        try
        {
            await using var connection = new NpgsqlConnection(to.ConnectionString);
            await connection.OpenAsync(cancel);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            throw new CommandException(
                ExitCodes.Resources,
                $"persistence.connection-string: PostgreSQL at {to.Host}:{to.Port} lets nobody in: {e.Message}; check that it runs, and name, password and database (tried {to.Username} at {to.Database ?? to.Username})");
        }
    }
}
