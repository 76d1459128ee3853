using Akka.Configuration;
using Akka.Coordination;

using MoeActors.Actors.Cluster.Membership;
using MoeActors.Host.Commands;
using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Integration.Tests;

/// <summary>Two nodes have no majority: the database decides which of them goes on.</summary>
[Trait("Tier", "integration")]
public sealed class PostgresLeaseTests(PostgresServer server) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task A_lease_has_one_owner_until_it_is_given_back()
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        using DatabaseLease a = Lease("given-back", "a"), b = Lease("given-back", "b"), other = Lease("another", "b");
        bool[] both = await Task.WhenAll(a.Acquire(), b.Acquire());
        Assert.Single(both, taken => taken);
        (DatabaseLease owner, DatabaseLease loser) = both[0] ? (a, b) : (b, a);
        Assert.True(owner.CheckLease());
        Assert.False(loser.CheckLease());
        Assert.True(await owner.Acquire());
        Assert.True(await other.Acquire());
        await owner.Release();
        Assert.False(owner.CheckLease());
        Assert.True(await loser.Acquire());
    }

    [Fact]
    public async Task A_lease_that_nobody_renews_any_more_is_free_after_its_term()
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        DatabaseLease dead = Lease("dead", "a");
        using DatabaseLease heir = Lease("dead", "b");
        Assert.True(await dead.Acquire());
        dead.Dispose();
        Assert.False(await heir.Acquire());
        await server.ExecuteAsync($"update moe_lease set expires = expires - interval '{DatabaseLease.Term.TotalSeconds} seconds' where name = 'dead'");
        Assert.True(await heir.Acquire());
    }

    [Fact]
    public async Task An_owner_whose_lease_was_taken_is_told()
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        using DatabaseLease owner = Lease("taken", "a");
        var lost = new TaskCompletionSource<Exception>(TaskCreationOptions.RunContinuationsAsynchronously);
        Assert.True(await owner.Acquire(e => lost.TrySetResult(e)));
        await server.ExecuteAsync("update moe_lease set owner = 'b' where name = 'taken'");
        Assert.IsType<LeaseException>(await lost.Task.WaitAsync(TestContext.Current.CancellationToken));
        Assert.False(owner.CheckLease());
    }

    [Fact]
    public async Task The_second_of_two_nodes_goes_on_when_the_first_falls_silent_and_the_first_ends_when_it_wakes()
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        await using var world = new World();
        string config = world.File("cluster.conf");
        await File.WriteAllTextAsync(
            config,
            $"cluster.secret = hush-22-hush-22-hush\npersistence.provider = postgresql\npersistence.connection-string = \"{server.ConnectionString}\"\nrecovery.grace = 1 s\ncluster.split-brain.strategy = lease-majority\n",
            TestContext.Current.CancellationToken);
        var cluster = new HandMadeCluster(world, "--config", config);
        await cluster.AddAsync("a");
        await cluster.AddAsync("b");
        string[] run = ["--preset", "tiny", "--data", world.Text, "--steps", "40", "--set", "checkpoint.interval=8", "--set", "evaluation.final-max-sequences=4"];
        Ended started = await cluster.RunAsync("start", [.. run, "--run-dir", world.Run, "--nodes", "2"]);
        Assert.True(started.Code == ExitCodes.Ok, started.Error);

        // keep-majority would keep the silent one: of two it keeps the lower address.
        int silent = PortOf(cluster.Nodes[0].Address) < PortOf(cluster.Nodes[1].Address) ? 0 : 1;
        MoeProcess watch = cluster.StartAt(cluster.Nodes[1 - silent].Address, "status", "--watch", "--json");
        await watch.SaysAsync(l => l.Contains("checkpoint 8 published", StringComparison.Ordinal), "that checkpoint 8 is published");
        cluster.Nodes[silent].Process.Signal(NativeProcess.SigStop);
        Ended watched = await watch.EndedAsync();
        cluster.Nodes[silent].Process.Signal(NativeProcess.SigCont);
        Assert.True(watched.Code == ExitCodes.Ok, watch.Transcript);
        Assert.Equal(NodeExit.Downed, (await cluster.Nodes[silent].Process.EndedAsync()).Code);
        cluster.Nodes[1 - silent].Process.Signal(NativeProcess.Interrupt);
        Assert.Equal(ExitCodes.Interrupted, (await cluster.Nodes[1 - silent].Process.EndedAsync()).Code);
        Assert.Equal([2, 1], new RunRecord(world.Run).Epochs.Select(e => e.Nodes.Length));
        world.NothingIsLeft("data", "cluster.conf");
    }

    private static int PortOf(string address) => int.Parse(address.Split(':')[^1], System.Globalization.CultureInfo.InvariantCulture);

    private DatabaseLease Lease(string name, string owner) => new(new LeaseSettings(
        name, owner, new TimeoutSettings(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(5)),
        ConfigurationFactory.ParseString($"connection-string = \"{server.ConnectionString}\"")));
}
