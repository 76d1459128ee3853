using System.Net;
using System.Net.Sockets;

using Akka.Actor;

using MoeActors.Actors.ControlPlane;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Tests.ControlPlane;

public sealed class ControlTransportTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Messages_of_every_size_arrive_whole_and_in_order()
    {
        await using RemoteSystem a = new(), b = new();
        await a.ReachAsync(b, Cancel);
        string[] sent = [.. Enumerable.Range(0, 300).Select(n => new string((char)('a' + (n % 26)), n % 50 == 49 ? 500_000 : n * 7 % 900))];
        IActorRef keeper = await a.KeeperOf(b).ResolveOne(TimeSpan.FromSeconds(10), Cancel);
        foreach (string text in sent)
        {
            keeper.Tell(new StopRun(text), a.Keeper);
        }

        foreach (string text in sent)
        {
            StopRun got;
            do
            {
                got = Assert.IsType<StopRun>(b.Received.Take(Cancel));
            }
            while (got.Reason == "hello");
            Assert.Equal(text, got.Reason);
        }
    }

    [Fact]
    public async Task A_system_with_another_secret_reaches_nobody_and_is_not_reached()
    {
        await using RemoteSystem a = new(), b = new(), stranger = new("a secret of somebody else");
        for (int n = 0; n < 20; n++)
        {
            stranger.KeeperOf(a).Tell(new StopRun("ATTACKER"), stranger.Keeper);
            a.KeeperOf(stranger).Tell(new StopRun("ATTACKER"), a.Keeper);
        }

        DialException e = await Assert.ThrowsAsync<DialException>(() => DialAsync("a secret of somebody else", a.EndPoint.Port));
        Assert.Equal(DialFailure.Strange, e.Failure);
        Assert.Contains("has another secret: give both sides the same cluster.secret", e.Message, StringComparison.Ordinal);
        await b.ReachAsync(a, Cancel);
        Assert.DoesNotContain(a.Received, m => m is StopRun { Reason: "ATTACKER" });
        Assert.Empty(stranger.Received);
    }

    [Fact]
    public async Task A_port_belongs_to_one_process_alone()
    {
        await using var a = new RemoteSystem();
        using var credentials = ControlCredentials.OfSecret(RemoteSystem.Secret);
        SocketException e = Assert.Throws<SocketException>(() => ControlListener.Bind(IPAddress.Loopback, a.EndPoint.Port, credentials, null, _ => { }));
        Assert.Equal(SocketError.AddressAlreadyInUse, e.SocketErrorCode);
    }

    [Fact]
    public async Task A_port_can_be_bound_again_as_soon_as_its_process_has_ended()
    {
        int port;
        await using (RemoteSystem a = new(), b = new())
        {
            port = a.EndPoint.Port;
            await b.ReachAsync(a, Cancel);
            await a.System.Terminate();
        }

        using var credentials = ControlCredentials.OfSecret(RemoteSystem.Secret);
        using var again = ControlListener.Bind(IPAddress.Loopback, port, credentials, null, _ => { });
        Assert.Equal(port, again.LocalEndPoint.Port);
    }

    [Theory]
    [InlineData(BreakKind.Close)]
    [InlineData(BreakKind.Garbage)]
    [InlineData(BreakKind.Half)]
    internal async Task A_dial_whose_handshake_breaks_fails_alone(BreakKind kind)
    {
        await using RemoteSystem a = new(), b = new();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        a.System.ActorSelection(new RootActorPath(a.Address.WithPort(((IPEndPoint)listener.LocalEndpoint).Port)) / "user" / "keeper").Tell(new StopRun("x"), a.Keeper);
        using (TcpClient peer = await listener.AcceptTcpClientAsync(Cancel))
        {
            await BrokenHandshake.PlayAsync(kind, peer.GetStream(), Cancel);
        }

        await a.ReachAsync(b, Cancel);
        Assert.False(a.System.WhenTerminated.IsCompleted);
    }

    /// <summary>A whole handshake is some 800 bytes from the node: all its moments are hit, and those after it.</summary>
    [Fact]
    public async Task A_hundred_dials_that_break_at_any_moment_of_the_handshake_end_nobody()
    {
        await using RemoteSystem a = new(), b = new();
        var random = new Random(7);
        BreakingProxy[] proxies = [.. Enumerable.Range(0, 100).Select(n => new BreakingProxy(b.EndPoint, random.Next(0, 1000), n % 4))];
        try
        {
            foreach (BreakingProxy proxy in proxies)
            {
                a.System.ActorSelection(new RootActorPath(a.Address.WithPort(proxy.EndPoint.Port)) / "user" / "keeper").Tell(new StopRun("x"), a.Keeper);
            }

            await Task.WhenAll(proxies.Select(p => p.Broken)).WaitAsync(Cancel);
        }
        finally
        {
            Array.ForEach(proxies, p => p.Dispose());
        }

        await a.ReachAsync(b, Cancel);
        await b.ReachAsync(a, Cancel);
        Assert.False(a.System.WhenTerminated.IsCompleted || b.System.WhenTerminated.IsCompleted);
    }

    [Fact]
    public async Task While_its_TLS_is_broken_no_connection_of_a_system_lives_and_afterwards_all_goes_on()
    {
        var faults = new ControlFaults();
        await using RemoteSystem a = new(), b = new(faults: faults);
        await a.ReachAsync(b, Cancel);
        await b.ReachAsync(a, Cancel);
        faults.Break.Begin(TimeSpan.FromMinutes(5));
        for (int n = 0; n < 6; n++)
        {
            DialException e = await Assert.ThrowsAsync<DialException>(() => DialAsync(RemoteSystem.Secret, b.EndPoint.Port));
            Assert.Equal(DialFailure.Broken, e.Failure);
        }

        Assert.True(faults.Break.Broken >= 6);
        faults.Break.Heal();
        await a.ReachAsync(b, Cancel);
        await b.ReachAsync(a, Cancel);
    }

    private static async Task DialAsync(string secret, int port)
    {
        using var credentials = ControlCredentials.OfSecret(secret);
        using ControlWire wire = await ControlDial.ConnectAsync("127.0.0.1", port, credentials, TimeSpan.FromSeconds(5), Cancel);
    }
}
