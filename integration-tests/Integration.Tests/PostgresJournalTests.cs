using MoeActors.Host.Commands;
using MoeActors.Host.Tests.Processes.Harness;

using Npgsql;

namespace MoeActors.Integration.Tests;

/// <summary>The coordinator's journal in a real PostgreSQL server, as clusters of several machines need it.</summary>
[Trait("Tier", "integration")]
public sealed class PostgresJournalTests(PostgresServer server) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task When_the_coordinators_node_is_killed_another_takes_the_run_over_from_the_database_and_ends_it_with_the_same_state()
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        await using var world = new World();
        string config = await ConfigAsync(world, server.ConnectionString);
        var cluster = new HandMadeCluster(world, "--config", config);
        await cluster.AddAsync("a");
        await cluster.AddAsync("b");
        string[] run = ["--preset", "tiny", "--data", world.Text, "--steps", "40", "--set", "checkpoint.interval=8", "--set", "evaluation.final-max-sequences=4"];
        Ended started = await cluster.RunAsync("start", [.. run, "--run-dir", world.Run, "--nodes", "2"]);
        Assert.True(started.Code == ExitCodes.Ok, started.Error);

        // Node a began the cluster: it holds the coordinator.
        MoeProcess watch = cluster.StartAt(cluster.Nodes[1].Address, "status", "--watch", "--json");
        await watch.SaysAsync(l => l.Contains("checkpoint 8 published", StringComparison.Ordinal), "that checkpoint 8 is published");
        cluster.Nodes[0].Process.Signal(NativeProcess.SigKill);
        Ended watched = await watch.EndedAsync();
        Assert.True(watched.Code == ExitCodes.Ok, watch.Transcript);

        cluster.Nodes[1].Process.Signal(NativeProcess.Interrupt);
        Assert.Equal(ExitCodes.Interrupted, (await cluster.Nodes[1].Process.EndedAsync()).Code);
        string alone = world.File("alone");
        Ended undisturbed = await world.RunAsync(["train", .. run, "--run-dir", alone, "--nodes", "1", "--set", "reports.picture=off", "--set", "generation.tokens=1"]);
        Assert.True(undisturbed.Code == ExitCodes.Ok, undisturbed.Error);

        var record = new RunRecord(world.Run);
        record.EndsLike(new RunRecord(alone));
        record.EverySampleContributedOnce(40);
        Assert.Contains(record.Events.All, e => e.Message?.StartsWith("coordinator on b takes over", StringComparison.Ordinal) == true);
        Assert.Equal([2, 1], record.Epochs.Select(e => e.Nodes.Length));
        Assert.Single(record.Epochs.SelectMany(e => e.Nodes).Where(n => n.Name == "b").Select(n => n.Pid).Distinct());
        Assert.DoesNotContain(Directory.EnumerateFiles(world.Folder, "journal*", SearchOption.AllDirectories), f => !f.StartsWith(alone, StringComparison.Ordinal));
        Assert.True(await JournalEntriesAsync() > 4);
        world.NothingIsLeft("data", "alone", "cluster.conf");
    }

    [Fact]
    public async Task A_database_that_is_not_there_or_refuses_is_said_in_one_line()
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        await using var world = new World();
        string wrong = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Password = "wrong-9c1" }.ConnectionString;
        await RefusedAsync(world, ExitCodes.Resources, "persistence.connection-string", await ConfigAsync(world, wrong));
        string nowhere = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Port = 1 }.ConnectionString;
        await RefusedAsync(world, ExitCodes.Resources, "persistence.connection-string", await ConfigAsync(world, nowhere));
        world.NothingIsLeft("a", "cluster.conf");
    }

    [Fact]
    public async Task Several_machines_without_secret_database_or_shared_storage_are_refused_with_the_reason()
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        await using var world = new World();
        string open = world.File("open.conf");
        await File.WriteAllTextAsync(open, "cluster.host = 10.0.0.5\n", TestContext.Current.CancellationToken);
        await RefusedAsync(world, ExitCodes.Configuration, "cluster.secret-file", open);
        await File.WriteAllTextAsync(open, "cluster.host = 10.0.0.5\ncluster.secret = hush-21-hush-21-hush\n", TestContext.Current.CancellationToken);
        await RefusedAsync(world, ExitCodes.Configuration, "expected postgresql", open);
        string config = await ConfigAsync(world, server.ConnectionString);
        await File.AppendAllTextAsync(config, "cluster.host = 10.0.0.5\n", TestContext.Current.CancellationToken);
        await RefusedAsync(world, ExitCodes.Configuration, "persistence.shared-storage", config);
        world.NothingIsLeft("open.conf", "cluster.conf");
    }

    private static async Task RefusedAsync(World world, int code, string part, string config)
    {
        Ended ended = await world.RunAsync("node", "--config", config, "--data-dir", world.File("a"));
        Assert.True(ended.Code == code, $"{ended.Code}: {ended.Error}");
        string line = ended.Error.TrimEnd();
        Assert.DoesNotContain('\n', line);
        Assert.Contains(part, line, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-9c1", line, StringComparison.Ordinal);
    }

    /// <summary>The connection string is a secret: in a file, not on a command line.</summary>
    private static async Task<string> ConfigAsync(World world, string connection)
    {
        string config = world.File("cluster.conf");
        await File.WriteAllTextAsync(
            config,
            $"cluster.secret = hush-21-hush-21-hush\npersistence.provider = postgresql\npersistence.connection-string = \"{connection}\"\nrecovery.grace = 2 s\n",
            TestContext.Current.CancellationToken);
        return config;
    }

    private async Task<long> JournalEntriesAsync()
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var count = new NpgsqlCommand("select count(*) from journal", connection);
        return (long)(await count.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
    }
}
