using Microsoft.Data.Sqlite;

using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Cluster.Journal;

/// <summary>A journal that is damaged stays so, whichever process reads it: what tells it from one that cannot be reached for the moment, and the remedy.</summary>
public static class JournalDamage
{
    /// <summary>What to do about it, as the end of a sentence.</summary>
    public const string Remedy = "move the journal away (journal.db, or the tables of persistence.connection-string) and resume the run: its checkpoints and their fence are whole without it";

    private const int Corrupt = 11, NoDatabase = 26;

    /// <summary>PURE: the damage that <paramref name="failure"/> tells of, as one sentence with the remedy; null when it tells of something else.</summary>
    public static string? Of(Exception? failure) => failure switch
    {
        null => null,
        SpecException e => e.Message, // an entry that is altered or of another version
        SqliteException { SqliteErrorCode: Corrupt or NoDatabase } e => $"the journal is damaged ({e.Message.TrimEnd('.')}); {Remedy}",
        AggregateException e => e.InnerExceptions.Select(Of).FirstOrDefault(d => d is not null),
        _ => Of(failure.InnerException),
    };

    /// <summary>
    /// Looks through an embedded journal before anything writes to it: the damage as one sentence, or null. One that is not there yet is sound; what else may be wrong with it (another
    /// process writes, the disk is full) may be over when it is used.
    /// </summary>
    /// <param name="connection">Its connection string.</param>
    public static string? Look(string connection)
    {
        var builder = new SqliteConnectionStringBuilder(connection) { Pooling = false };
        if (!File.Exists(builder.DataSource))
        {
            return null;
        }

        try
        {
            using var database = new SqliteConnection(builder.ToString());
            database.Open();
            using SqliteCommand check = database.CreateCommand();
            check.CommandText = "PRAGMA quick_check(1)";
            string found = check.ExecuteScalar() as string ?? "";
            return found == "ok" ? null : $"{builder.DataSource}: the journal is damaged ({found.ReplaceLineEndings(" ")}); {Remedy}";
        }
        catch (SqliteException e)
        {
            return Of(e) is { } damage ? $"{builder.DataSource}: {damage}" : null;
        }
    }
}
