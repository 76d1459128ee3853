using System.Net;
using System.Net.Sockets;

using CsCheck;
using MoeActors.Host.Commands;
using MoeActors.Host.Configuration;
using MoeActors.Host.Http;

namespace MoeActors.Host.Tests.Runs;

public sealed class HttpPortsTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void No_two_nodes_of_a_cluster_have_the_same_port() => Gen.Int[1, IPEndPoint.MaxPort].Select(Gen.Int[1, 64]).Sample((first, nodes) =>
    {
        int[] ports = [.. Enumerable.Range(1, nodes).Select(n => HttpPorts.Of(first, n)).Where(p => p > 0)];
        Assert.Equal(first, ports[0]);
        Assert.Equal(ports.Length, ports.Distinct().Count());
        Assert.All(ports, p => Assert.InRange(p, 1, IPEndPoint.MaxPort));
    });

    [Fact]
    public void Port_0_is_a_free_one_for_each() => Assert.All(Enumerable.Range(1, 5), n => Assert.Equal(0, HttpPorts.Of(0, n)));

    [Fact]
    public async Task A_port_that_another_program_has_is_refused_before_anything_is_made()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        int port = ((IPEndPoint)other.LocalEndpoint).Port;
        var e = await Assert.ThrowsAsync<CommandException>(() => HttpPorts.DemandAsync(new HttpSettings(true, "127.0.0.1", port - 1, null), 2, Cancellation));
        Assert.Equal(ExitCodes.Resources, e.ExitCode);
        Assert.Matches($"http.port = {port - 1}: node-[12] cannot listen on 127.0.0.1 port [0-9]+: .*; expected ports that nobody has, from there one for each of the 2 nodes, or 0", e.Message);
        await HttpPorts.DemandAsync(new HttpSettings(false, "127.0.0.1", port, null), 2, Cancellation);
    }

    [Fact]
    public async Task Ports_beyond_the_last_are_refused_in_words() => Assert.Equal(
        "http.port = 65535: 3 nodes have that port and those after it; expected at most 65533, or 0 for any free ones",
        (await Assert.ThrowsAsync<SettingsException>(() => HttpPorts.DemandAsync(new HttpSettings(true, "127.0.0.1", 65535, null), 3, Cancellation))).Message);

    [Fact]
    public async Task A_host_that_is_none_is_named()
    {
        var e = await Assert.ThrowsAsync<StatusServerException>(() => HttpPorts.DemandAsync(new HttpSettings(true, "no..such..host", 0, null), 1, Cancellation));
        Assert.StartsWith("http.host = no..such..host: ", e.Message, StringComparison.Ordinal);
    }
}
