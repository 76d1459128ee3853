using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using CsCheck;
using MoeActors.Actors.Exchange;
using MoeActors.Actors.Exchange.Wires;

namespace MoeActors.Actors.Tests.Exchange;

[Collection(ExchangeCollection.Name)]
public sealed class HandshakeTests
{
    [Fact]
    public async Task Another_secret_is_refused_by_name_on_both_sides()
    {
        using ExchangeMesh cluster = new(2, configure: (n, o) => n == 0 ? o with { Secret = "other" } : o);
        (ExchangeRefusedException refused, string notice) = await RefusedAsync(cluster, () => cluster.BeginEpoch(1));
        Assert.Equal(RefusalCode.WrongSecret, refused.Code);
        Assert.Contains("secret", refused.Message, StringComparison.Ordinal);
        Assert.Contains("does not know this run's secret", notice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_run_is_refused_by_name_on_both_sides()
    {
        using ExchangeMesh cluster = new(2, configure: (_, o) => o with { TableWait = TimeSpan.FromMilliseconds(30) });
        (ExchangeRefusedException refused, string notice) = await RefusedAsync(cluster, () =>
        {
            cluster.Exchanges[0].BeginEpoch(cluster.Table(0, 1, run: 0xAB));
            cluster.Exchanges[1].BeginEpoch(cluster.Table(1, 1, run: 0xCD));
        });
        Assert.Equal(RefusalCode.OtherRun, refused.Code);
        Assert.Contains("belongs to run 00000000000000ab, the listening node to run 00000000000000cd", notice, StringComparison.Ordinal);
        Assert.Contains(notice, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_protocol_version_is_refused_by_name_on_both_sides()
    {
        using ExchangeMesh cluster = new(1);
        TaskCompletionSource<string> notice = new(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Exchanges[0].Notice += n => notice.TrySetResult(n);
        using SocketWire wire = new(RawPeer.Connect(cluster.Exchanges[0].LocalAddress), new ExchangeOptions());
        HandshakeMessage.Write(wire, HandshakeKind.Hello, [1, 2, 3], version: 9);
        ExchangeRefusedException e = Assert.Throws<ExchangeRefusedException>(() => HandshakeMessage.Read(wire, HandshakeKind.Challenge, new Deadline(TimeSpan.FromSeconds(10))));
        Assert.Equal(RefusalCode.OtherVersion, e.Code);
        Assert.Contains($"exchange protocol 9, this node {FrameHeader.ProtocolVersion}", e.Message, StringComparison.Ordinal);
        Assert.Contains("protocol 9", await notice.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_listener_of_another_incarnation_than_listed_is_refused()
    {
        using ExchangeMesh cluster = new(2);
        cluster.Exchanges[1].BeginEpoch(cluster.Table(1, 1));
        ExchangeTable table = cluster.Table(0, 1);
        cluster.Exchanges[0].BeginEpoch(table with { Peers = [table.Peers[0], table.Peers[1] with { Incarnation = "node-1b" }] });
        ExchangeRefusedException e = await Assert.ThrowsAsync<ExchangeRefusedException>(() => cluster.Exchanges[0].ConnectAsync(TestContext.Current.CancellationToken));
        Assert.Equal(RefusalCode.OtherIncarnation, e.Code);
    }

    [Fact]
    public async Task A_dialler_waits_for_a_peer_that_begins_the_epoch_later()
    {
        using ExchangeMesh cluster = new(2, configure: (_, o) => o with { TableWait = TimeSpan.FromMilliseconds(20) });
        cluster.Exchanges[0].BeginEpoch(cluster.Table(0, 1));
        Task early = cluster.Exchanges[0].ConnectAsync(TestContext.Current.CancellationToken);
        Assert.True(ExchangeMesh.Eventually(() => cluster.Exchanges[1].Statistics.Refused > 0));
        Assert.False(early.IsCompleted);
        cluster.Exchanges[1].BeginEpoch(cluster.Table(1, 1));
        await early;
        await cluster.Exchanges[1].ConnectAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Cancelling_names_the_peers_that_are_missing()
    {
        using ExchangeMesh cluster = new(2);
        cluster.Exchanges[1].BeginEpoch(cluster.Table(1, 1));
        using CancellationTokenSource soon = new(TimeSpan.FromMilliseconds(50));
        OperationCanceledException e = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cluster.Exchanges[1].ConnectAsync(soon.Token));
        Assert.Contains("node 0 at unix:", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")]
    [InlineData("")]
    [InlineData("MOEX")]
    [InlineData("MOEX\u0001\0\u0001\0\u0003\0\0\0abc")]
    public async Task Garbage_at_the_door_is_turned_away_and_the_node_lives(string text)
    {
        using ExchangeMesh cluster = new(2, configure: (_, o) => o with { HandshakeTimeout = TimeSpan.FromMilliseconds(100) });
        using (Socket socket = RawPeer.Connect(cluster.Exchanges[1].LocalAddress))
        {
            socket.Send(Encoding.Latin1.GetBytes(text));

            // Also a stranger that says nothing, or not all, is closed after the handshake's time.
            socket.ReceiveTimeout = 20_000;
            byte[] answer = new byte[4096];
            SocketError end = SocketError.Success;
            while (end == SocketError.Success && socket.Receive(answer, 0, answer.Length, SocketFlags.None, out end) > 0)
            {
            }

            Assert.True(end is SocketError.Success or SocketError.ConnectionReset);
        }

        Assert.True(ExchangeMesh.Eventually(() => cluster.Exchanges[1].Statistics.Refused == 1));
        cluster.BeginEpoch(1);
        await cluster.ConnectAsync();
    }

    [Fact]
    public void A_listener_beyond_this_host_needs_a_secret()
    {
        ExchangeException e = Assert.Throws<ExchangeException>(() => DataPlane.Open(new ExchangeOptions { Listen = "tcp:0.0.0.0:0", AdvertisedHost = "localhost" }));
        Assert.Contains("cluster.secret", e.Message, StringComparison.Ordinal);
        e = Assert.Throws<ExchangeException>(() => DataPlane.Open(new ExchangeOptions { Listen = "tcp:0.0.0.0:0", Secret = "s" }));
        Assert.Contains("cluster.host", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_port_in_use_is_named()
    {
        using SocketExchange first = DataPlane.Open(new ExchangeOptions { Listen = "tcp:127.0.0.1:0" });
        ExchangeException e = Assert.Throws<ExchangeException>(() => DataPlane.Open(new ExchangeOptions { Listen = first.LocalAddress }));
        Assert.Contains(first.LocalAddress, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Random_bytes_never_pass_for_a_handshake_message() =>
        Check.Sample(Gen.Byte.Array[0, 64], bytes =>
        {
            // As in a refusal that claims a body: the length is what an attacker controls.
            using MemoryWire wire = new(bytes);
            try
            {
                HandshakeMessage.Read(wire, HandshakeKind.Hello, new Deadline(TimeSpan.FromSeconds(10)));
                return bytes.Length >= HandshakeMessage.Prefix && BinaryPrimitives.ReadUInt32LittleEndian(bytes) == HandshakeMessage.Magic;
            }
            catch (Exception e) when (e is IOException or ExchangeRefusedException)
            {
                return true;
            }
        }, iter: 300);

    // Node 0 dials node 1, whose notice is the other side's reason.
    private static async Task<(ExchangeRefusedException Refused, string Notice)> RefusedAsync(ExchangeMesh cluster, Action begin)
    {
        TaskCompletionSource<string> notice = new(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Exchanges[1].Notice += n => notice.TrySetResult(n);
        begin();
        ExchangeRefusedException refused = await Assert.ThrowsAsync<ExchangeRefusedException>(
            () => cluster.Exchanges[0].ConnectAsync(TestContext.Current.CancellationToken));
        return (refused, await notice.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
    }
}
