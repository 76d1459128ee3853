using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

using Akka.Actor;

using MoeActors.Actors.ControlPlane;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Tests.ControlPlane;

/// <summary>SE-1: nothing reaches an actor from a peer that has not proven the cluster's secret.</summary>
public sealed class StrangerTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>The attack works, where its precondition holds: without this, the tests below would show nothing.</summary>
    [Fact]
    public async Task With_the_clusters_secret_the_hostile_client_reaches_any_actor()
    {
        await using var node = new RemoteSystem();
        using X509Certificate2 certificate = SecretKey.Certificate(RemoteSystem.Secret);
        using HostileClient client = await HostileClient.TlsAsync(node.EndPoint, certificate, Cancel);
        Assert.True(await client.IsGreetedAsync(Cancel));
        await SendAllAsync(client, node);
        Assert.Equal(new StopRun("ATTACKER"), node.Received.Take(Cancel));
    }

    [Fact]
    public async Task Without_a_proof_it_reaches_none_whatever_it_speaks()
    {
        await using RemoteSystem node = new(), peer = new();
        using (HostileClient plain = await HostileClient.PlainAsync(node.EndPoint, Cancel))
        {
            await RefusedAsync(plain, node);
        }

        using (HostileClient bare = await HostileClient.TlsAsync(node.EndPoint, null, Cancel))
        {
            Assert.False(await bare.IsGreetedAsync(Cancel));
            await RefusedAsync(bare, node);
        }

        using X509Certificate2 other = SecretKey.Certificate("a secret of somebody else");
        using (HostileClient wrong = await HostileClient.TlsAsync(node.EndPoint, other, Cancel))
        {
            Assert.False(await wrong.IsGreetedAsync(Cancel));
            await RefusedAsync(wrong, node);
        }

        await peer.ReachAsync(node, Cancel);
        Assert.DoesNotContain(node.Received, m => m is StopRun { Reason: "ATTACKER" });
    }

    [Fact]
    public async Task Strangers_who_hold_connections_and_say_nothing_keep_no_peer_out()
    {
        await using RemoteSystem node = new(), peer = new();
        List<Socket> idle = [];
        try
        {
            for (int n = 0; n < 3 * ControlListener.Places; n++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                idle.Add(socket);
                await socket.ConnectAsync(node.EndPoint, Cancel);
                await socket.SendAsync(new byte[] { 22, 3, 1 }, SocketFlags.None, Cancel);
            }

            using var credentials = ControlCredentials.OfSecret(RemoteSystem.Secret);
            using ControlWire wire = await ControlDial.ConnectAsync("127.0.0.1", node.EndPoint.Port, credentials, TimeSpan.FromSeconds(5), Cancel);
            await peer.ReachAsync(node, Cancel);
        }
        finally
        {
            idle.ForEach(s => s.Dispose());
        }
    }

    [Fact]
    public async Task More_bytes_than_a_handshake_has_end_the_connection_before_they_are_kept()
    {
        await using var node = new RemoteSystem();
        using HostileClient client = await HostileClient.PlainAsync(node.EndPoint, Cancel);

        // A handshake record that announces 16 KiB: what a ClientHello with many extensions looks like.
        byte[] hello = new byte[16 << 10];
        new byte[] { 22, 3, 1, 0x3F, 0xFB, 1, 0, 0x3F, 0xF7 }.CopyTo(hello, 0);
        try
        {
            await client.Stream.WriteAsync(hello, Cancel);
            Assert.Equal(0, await client.Stream.ReadAsync(new byte[1], Cancel));
        }
        catch (IOException)
        {
            // Reset: the same.
        }
    }

    [Fact]
    public async Task Mutated_messages_of_strangers_change_nothing() => await MutatedAsync(500);

    /// <summary>Valid bytes with some of them changed, cut off or repeated: of Akka's protocol, of the framing, and of a recorded TLS handshake.</summary>
    private static async Task MutatedAsync(int count)
    {
        await using RemoteSystem node = new(), peer = new();
        byte[][] seeds =
        [
            HostileClient.Associate(new Address("akka.tls", "moe", "127.0.0.1", 1)),
            HostileClient.Envelope($"{node.Address}/user/keeper", ControlSerializer.Write(new StopRun("ATTACKER")), 7301, "stop", null),
            Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
            Convert.FromHexString("1603010200010001fc0303"),
        ];
        var random = new Random(11);
        for (int n = 0; n < count; n++)
        {
            using HostileClient client = await HostileClient.PlainAsync(node.EndPoint, Cancel);
            try
            {
                byte[] bytes = Mutations.Of(seeds[n % seeds.Length], random);
                await client.FrameAsync(bytes, Cancel);
                await client.Stream.WriteAsync(bytes, Cancel);
            }
            catch (IOException)
            {
                // Refused already.
            }
        }

        await peer.ReachAsync(node, Cancel);
        Assert.DoesNotContain(node.Received, m => m is StopRun { Reason: "ATTACKER" });
    }

    private static async Task RefusedAsync(HostileClient client, RemoteSystem node)
    {
        try
        {
            await SendAllAsync(client, node);
            while (await client.Stream.ReadAsync(new byte[256], Cancel) > 0)
            {
            }
        }
        catch (IOException)
        {
            // The node ended the connection.
        }
    }

    private static async Task SendAllAsync(HostileClient client, RemoteSystem node)
    {
        await client.FrameAsync(HostileClient.Associate(new Address("akka.tls", "moe", "127.0.0.1", 65001)), Cancel);
        await client.FrameAsync(HostileClient.Envelope($"{node.Address}/user/keeper", ControlSerializer.Write(new StopRun("ATTACKER")), 7301, "stop", null), Cancel);
    }
}
