using System.Globalization;
using System.Net;

using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Integration.Tests.Containers;

/// <summary>SE-1 between machines: someone else on the network, without the cluster's proof, sends what it likes to every port of every node.</summary>
[Collection(ContainerTests.Name)]
public sealed class HostileNeighbourTests(ContainerEngine engine)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Tier", "integration")]
    public Task A_thousand_mutated_frames_on_every_port_leave_no_trace(bool certificates) => AttackedAsync(1_000, certificates);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Tier", "soak")]
    public Task A_hundred_thousand_mutated_frames_on_every_port_leave_no_trace(bool certificates) => AttackedAsync(100_000, certificates);

    private async Task AttackedAsync(int frames, bool certificates)
    {
        await using ContainerCluster cluster = await ContainerCluster.StartAsync(engine, 2, certificates: certificates);
        await cluster.RunningAsync();
        foreach (ContainerNode node in cluster.Nodes)
        {
            // Its table of sockets is that of its own network.
            int pid = int.Parse(await node.InspectAsync("{{.State.Pid}}"), CultureInfo.InvariantCulture);
            IReadOnlyList<int> ports = ListeningPorts.Of(pid);
            Assert.True(ports.Count >= 2, $"only {string.Join(", ", ports)} of {node.Name}");
            await FrameAttack.OnAsync(IPAddress.Parse(node.Address), ports, [pid], frames, TestContext.Current.CancellationToken);
        }

        RunRecord record = await cluster.RecordAsync();
        Assert.Single(record.Epochs);
        Assert.Empty(record.Report.Faults);
        record.EndsLike(engine.Undisturbed);
    }
}
