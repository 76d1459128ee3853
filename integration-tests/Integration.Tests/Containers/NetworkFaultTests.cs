using MoeActors.Actors.Cluster.Membership;
using MoeActors.Host.Reports;
using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Integration.Tests.Containers;

/// <summary>Networks that fail.</summary>
[Trait("Tier", "integration")]
[Collection(ContainerTests.Name)]
public sealed class NetworkFaultTests(ContainerEngine engine)
{
    [Fact]
    public async Task A_node_whose_cable_is_pulled_stops_by_itself_and_is_taken_in_again()
    {
        await using ContainerCluster cluster = await ContainerCluster.StartAsync(engine, 3, grace: "2 min");
        await cluster.RunningAsync();
        ContainerNode alone = cluster.Nodes[2];
        await alone.DisconnectAsync();

        // It is one of three: nobody has to tell it.
        Assert.Equal(NodeExit.Downed, await alone.EndedAsync());
        await cluster.LostAsync(alone);
        await alone.ReconnectAsync();
        await alone.StartAgainAsync();
        (await cluster.RecordAsync()).CameBack(alone, engine);
    }

    [Fact]
    public async Task Of_five_nodes_split_into_three_and_two_the_three_go_on_and_the_two_that_had_the_coordinator_write_nothing_any_more()
    {
        await using ContainerCluster cluster = await ContainerCluster.StartAsync(engine, 5);
        await cluster.RunningAsync(nodes: 4);
        ContainerNode[] minority = [.. cluster.Nodes.Take(2)], majority = [.. cluster.Nodes.Skip(2)];

        // Database and storage stay within reach of both sides.
        await Task.WhenAll([.. minority.Select(n => n.CutOffAsync(majority)), .. majority.Select(n => n.CutOffAsync(minority))]);
        int[] codes = await Task.WhenAll(minority.Select(n => n.EndedAsync()));
        Assert.All(codes, c => Assert.Contains(c, (int[])[NodeExit.Downed, NodeExit.CoordinatorFailed]));

        RunRecord record = await cluster.RecordAsync();
        record.EndsLike(engine.Undisturbed);
        record.EverySampleContributedOnce(ContainerEngine.Steps);
        RunEvent[] takeovers = [.. record.Events.All.Where(e => e.Message?.Contains(" takes over run ", StringComparison.Ordinal) == true)];
        Assert.NotEmpty(takeovers);
        Assert.All(takeovers, t => Assert.DoesNotContain(minority, n => t.Message!.StartsWith($"coordinator on {n.Name} ", StringComparison.Ordinal)));

        // One line of descent: after the first take-over each checkpoint is published once, in order, by the majority's epochs.
        string[] published = [.. record.Events.All.SkipWhile(e => e != takeovers[0]).Where(e => e.Message?.Contains(" published ", StringComparison.Ordinal) == true).Select(e => e.Message!.Split(' ')[1])];
        Assert.Equal(published.Distinct(), published);
        Assert.All(record.Epochs.Skip(1), e => Assert.DoesNotContain(e.Nodes, n => minority.Any(m => m.Name == n.Name)));

        // What the coordinator that was cut off saw in its last moment, the loss of its neighbour, may have ended with it.
        string[] lost = [.. record.Report.Faults.Where(f => f.Kind == "node-lost").Select(f => f.Target)];
        Assert.Contains("node-1", lost);
        Assert.All(lost, t => Assert.Contains(minority, n => n.Name == t));
    }

    [Fact]
    public async Task A_slow_link_that_loses_packets_costs_time_and_nothing_else()
    {
        await using ContainerCluster cluster = await ContainerCluster.StartAsync(engine, 3);
        ContainerNode far = cluster.Nodes[1];
        await far.ShellAsync("tc qdisc add dev eth0 root tbf rate 40mbit burst 32kb latency 300ms && iptables -A INPUT -p tcp -m statistic --mode random --probability 0.01 -j DROP");
        await cluster.SubmitAsync();

        RunRecord record = await cluster.RecordAsync();
        record.EndsLike(engine.Undisturbed);
        record.EverySampleContributedOnce(ContainerEngine.Steps);
        Assert.Empty(record.Report.Faults);
        Assert.Single(record.Epochs);
        Assert.NotEqual("0", await far.ShellAsync("iptables -L INPUT -v -n -x | awk '/DROP.*statistic/ {print $1}'"));
        Assert.NotEqual("0", await far.ShellAsync("tc -s qdisc show dev eth0 | awk '/overlimits/ {sub(\")\", \"\"); print $9}'"));
    }
}
