using Microsoft.Data.Sqlite;

using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.Cluster.Membership;

namespace MoeActors.Actors.Tests.Clusters;

/// <summary>A real journal on disk whose bytes have changed.</summary>
public sealed class JournalDamageTests
{
    [Fact]
    public async Task A_coordinator_that_reads_an_altered_journal_says_so_and_takes_no_office()
    {
        using var folder = new TemporaryFolder();
        await using (var cluster = new TestCluster(folder.Path))
        {
            await cluster.AddNodesAsync(1);
            Assert.Equal("completed", await cluster.TrainAsync(TestRuns.Spec(folder.Path, steps: 1)));
        }

        FlipABit(JournalSettings.Embedded(folder.Path));
        await using var next = new TestCluster(folder.Path);
        await next.AddNodesAsync(1);
        (int code, string reason) = await next.Nodes[0].Ended.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Equal(NodeExit.JournalDamaged, code);
        Assert.Contains("journal: entry 'CoordinatorStarted' is altered", reason, StringComparison.Ordinal);
        Assert.Contains("resume the run", reason, StringComparison.Ordinal);
    }

    private static void FlipABit(string connection)
    {
        using var database = new SqliteConnection($"{connection};Pooling=False");
        database.Open();
        using SqliteCommand read = database.CreateCommand();
        read.CommandText = "SELECT message FROM journal WHERE sequence_number = 1";
        byte[] entry = (byte[])read.ExecuteScalar()!;
        entry[entry.Length / 2] ^= 1;
        using SqliteCommand write = database.CreateCommand();
        write.CommandText = "UPDATE journal SET message = $entry WHERE sequence_number = 1";
        write.Parameters.AddWithValue("$entry", entry);
        Assert.Equal(1, write.ExecuteNonQuery());
    }
}
