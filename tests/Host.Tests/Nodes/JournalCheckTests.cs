using Microsoft.Data.Sqlite;

using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Host.Commands;
using MoeActors.Host.Nodes;

namespace MoeActors.Host.Tests.Nodes;

/// <summary>A damaged journal is said before a node joins anything, with what to do about it.</summary>
public sealed class JournalCheckTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private string Connection => JournalSettings.Embedded(folder.Path);

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task One_that_is_not_there_or_whole_is_sound()
    {
        await JournalCheck.VerifyAsync(new JournalOptions("sqlite", Connection), TestContext.Current.CancellationToken);
        Assert.False(File.Exists(folder.File("journal.db")));
        Fill();
        await JournalCheck.VerifyAsync(new JournalOptions("sqlite", Connection), TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4096)]
    public async Task A_damaged_one_is_named_with_the_remedy_and_a_code_that_no_new_process_changes(int at)
    {
        Fill();
        byte[] bytes = File.ReadAllBytes(folder.File("journal.db"));
        bytes.AsSpan(at, 3000).Fill(0x5A);
        File.WriteAllBytes(folder.File("journal.db"), bytes);
        CommandException e = await Assert.ThrowsAsync<CommandException>(() => JournalCheck.VerifyAsync(new JournalOptions("sqlite", Connection), TestContext.Current.CancellationToken));
        Assert.Equal(NodeExit.JournalDamaged, e.ExitCode);
        Assert.Contains("journal.db", e.Message, StringComparison.Ordinal);
        Assert.Contains("move the journal away", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_damage_is_damage()
    {
        Assert.Null(JournalDamage.Of(null));
        Assert.Null(JournalDamage.Of(new InvalidOperationException("timed out", new SqliteException("database is locked", 5))));
        Assert.NotNull(JournalDamage.Of(new InvalidOperationException("x", new AggregateException(new IOException("y"), new SqliteException("malformed", 11)))));
    }

    private void Fill()
    {
        using var database = new SqliteConnection($"{Connection};Pooling=False");
        database.Open();
        using SqliteCommand fill = database.CreateCommand();
        fill.CommandText = "CREATE TABLE t(a TEXT); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO t SELECT printf('%032d', i) FROM n;";
        fill.ExecuteNonQuery();
    }
}
