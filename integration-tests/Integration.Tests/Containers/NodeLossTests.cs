using MoeActors.Actors.Cluster.Membership;
using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Integration.Tests.Containers;

/// <summary>Nodes that are lost as machines lose them.</summary>
[Trait("Tier", "integration")]
[Collection(ContainerTests.Name)]
public sealed class NodeLossTests(ContainerEngine engine)
{
    [Fact]
    public async Task When_a_container_is_killed_the_others_go_on_without_it_to_the_same_weights()
    {
        await using ContainerCluster cluster = await ContainerCluster.StartAsync(engine, 3);
        await cluster.RunningAsync();
        await cluster.Nodes[1].KillAsync();
        Assert.Equal(137, await cluster.Nodes[1].EndedAsync());

        RunRecord record = await cluster.RecordAsync();
        record.EndsLike(engine.Undisturbed);
        record.EverySampleContributedOnce(ContainerEngine.Steps);
        record.Names([cluster.Nodes[1]]);
        Assert.Equal(["node-1", "node-3"], record.Epochs[^1].Nodes.Select(n => n.Name));
    }

    [Fact]
    public async Task A_container_that_stood_still_finds_itself_removed_ends_with_its_own_code_and_is_taken_in_again()
    {
        await using ContainerCluster cluster = await ContainerCluster.StartAsync(engine, 3, grace: "2 min");
        await cluster.RunningAsync();
        ContainerNode stopped = cluster.Nodes[2];
        await stopped.PauseAsync();
        await cluster.LostAsync(stopped);
        await stopped.UnpauseAsync();
        Assert.Equal(NodeExit.Downed, await stopped.EndedAsync());

        await stopped.StartAgainAsync();
        (await cluster.RecordAsync()).CameBack(stopped, engine);
    }

    [Fact]
    public async Task A_container_that_runs_into_its_memory_limit_is_killed_alone_and_replaced()
    {
        await using ContainerCluster cluster = await ContainerCluster.StartAsync(
            engine,
            3,
            grace: "2 min",
            delay: "60 ms", // filling its memory takes a while
            modify: (name, p) =>
            {
                if (name == "node-3")
                {
                    (p.HostConfig!.Memory, p.HostConfig.MemorySwap) = (1 << 30, 1 << 30);

                    // Files here are memory of this container that nothing can take back.
                    p.HostConfig.Tmpfs = new Dictionary<string, string> { ["/full"] = "size=2g" };
                }
            });
        await cluster.RunningAsync();
        ContainerNode small = cluster.Nodes[2];
        await small.FillMemoryAsync();
        Assert.Equal(137, await small.EndedAsync());
        Assert.Equal("true", await small.InspectAsync("{{.State.OOMKilled}}"));

        await cluster.LostAsync(small);
        await small.StartAgainAsync();
        (await cluster.RecordAsync()).CameBack(small, engine);
    }
}
