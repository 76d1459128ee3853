using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Integration.Tests.Containers;

/// <summary>What a cluster stands on fails: storage and database; and it is restarted node by node.</summary>
[Trait("Tier", "integration")]
[Collection(ContainerTests.Name)]
public sealed class ServiceFaultTests(ContainerEngine engine)
{
    [Fact]
    public async Task On_a_full_disk_checkpoints_fail_loudly_the_run_goes_on_and_with_room_again_they_are_written()
    {
        await using SmallDisk disk = await SmallDisk.CreateAsync(64);
        await using ContainerCluster cluster = await ContainerCluster.StartAsync(engine, 3, run: $"{SmallDisk.Path}/run", modify: (_, p) => disk.MountIn(p));
        await cluster.SubmitAsync();
        ContainerNode first = cluster.Nodes[0];
        await cluster.LoggedAsync(first, "checkpoint 8 published");
        await first.ShellAsync($"cat /dev/zero > {SmallDisk.Path}/filler || true");
        await cluster.LoggedAsync(first, " FAILED: ");
        await first.ShellAsync($"rm {SmallDisk.Path}/filler");
        await cluster.LoggedAsync(first, $"checkpoint {ContainerEngine.Steps} published");
        await cluster.LoggedAsync(first, "is completed, and its record is closed");

        await first.ShellAsync($"cp -r {SmallDisk.Path}/run /shared/ && chmod -R a+rX /shared/run");
        RunRecord record = new(Path.Combine(cluster.Shared, "run"));
        Assert.Equal("completed", record.Report.Totals.Outcome);
        Assert.Equal(engine.Undisturbed.Report.Totals.WeightsHash, record.Report.Totals.WeightsHash);
        Assert.Equal(engine.Undisturbed.Report.Totals.StateHash, record.Report.Totals.StateHash);
        await cluster.LoggedAsync(first, "no space left on the disk");
        Assert.Single(record.Epochs);
    }

    [Fact]
    public async Task When_the_database_is_restarted_the_run_ends_with_the_same_weights()
    {
        await using ContainerCluster cluster = await ContainerCluster.StartAsync(engine, 3, grace: "2 min", delay: "40 ms", modify: (_, p) => p.HostConfig!.RestartPolicy = new() { Name = Docker.DotNet.Models.RestartPolicyKind.OnFailure });
        await cluster.RunningAsync();
        await engine.Postgres.RestartAsync();

        RunRecord record = await cluster.RecordAsync();
        record.EndsLike(engine.Undisturbed);
        record.EverySampleContributedOnce(ContainerEngine.Steps);
    }

    [Fact]
    public async Task All_nodes_are_restarted_one_after_the_other_while_the_run_goes_on()
    {
        await using ContainerCluster cluster = await ContainerCluster.StartAsync(engine, 3, grace: "2 min");
        await cluster.RunningAsync();
        var seen = new List<EpochOf> { await cluster.EpochAsync(e => e.Nodes.Length == 3, "a first epoch") };
        foreach (ContainerNode node in cluster.Nodes)
        {
            await node.RestartAsync();
            string[] before = [.. seen.SelectMany(e => e.Nodes).Where(n => n.Name == node.Name).Select(n => n.Incarnation)];
            seen.Add(await cluster.EpochAsync(e => e.Nodes.Length == 3 && e.Nodes.Any(n => n.Name == node.Name && !before.Contains(n.Incarnation)), $"an epoch with the new {node.Name}"));
        }

        RunRecord record = await cluster.RecordAsync();
        record.EndsLike(engine.Undisturbed);
        record.EverySampleContributedOnce(ContainerEngine.Steps);
        record.Names(cluster.Nodes);
        Assert.All(cluster.Nodes, n => Assert.Equal(2, record.Incarnations(n.Name)));
    }
}
