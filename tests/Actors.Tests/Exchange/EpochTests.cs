using MoeActors.Actors.Exchange;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Actors.Tests.Exchange;

[Collection(ExchangeCollection.Name)]
public sealed class EpochTests
{
    [Fact]
    public async Task A_new_epoch_drops_and_frees_what_older_ones_queued_and_keeps_the_connections()
    {
        using ExchangeMesh cluster = await ExchangeMesh.ConnectedAsync(2, configure: (_, o) => o with { CreditBytes = 40_000 });
        long before = ExchangeMesh.LiveTensors();
        for (int i = 0; i < 6; i++)
        {
            cluster.Send(0, 1, zeros(100, 100), chunk: i);
        }

        // The window lets one frame through; the others wait for credit.
        Ticket first = cluster.Mailboxes[1].Next();
        PeerStatistics link = cluster.Exchanges[0].Statistics.Peers.Single();
        cluster.BeginEpoch(2);
        await cluster.ConnectAsync();
        Assert.Equal(5, cluster.Exchanges[0].Statistics.DroppedByEpoch);
        Assert.NotNull(first.Payload);
        first.Discard();
        cluster.Send(0, 1, zeros(100, 100), chunk: 77, epoch: 2);
        Ticket next = cluster.Mailboxes[1].Next();
        Assert.Equal((77, 2), (next.Header.Chunk, next.Header.Epoch));
        next.Discard();
        Assert.True(ExchangeMesh.Eventually(() => Tensor.TotalCount == before));
        Assert.True(cluster.Exchanges[0].Statistics.Peers.Single().FramesOut > link.FramesOut);
    }

    [Fact]
    public async Task Frames_of_another_epoch_or_run_are_neither_sent_nor_delivered()
    {
        using ExchangeMesh cluster = await ExchangeMesh.ConnectedAsync(2);
        long before = ExchangeMesh.LiveTensors();
        cluster.Send(0, 1, zeros(10, 10), epoch: 3);
        cluster.Exchanges[0].Send(ExchangeMesh.Header(0, 1, run: 5), [], zeros(10, 10));
        Assert.Equal(2, cluster.Exchanges[0].Statistics.DroppedByEpoch);
        Assert.Equal(before, Tensor.TotalCount);

        // The sender is ahead of the receiver: the frame crosses the wire and is dropped there, credit included.
        cluster.Exchanges[0].BeginEpoch(cluster.Table(0, 2));
        cluster.Send(0, 1, zeros(500, 500), epoch: 2);
        Assert.True(ExchangeMesh.Eventually(() => cluster.Exchanges[1].Statistics.DroppedByEpoch == 1));
        cluster.Exchanges[1].BeginEpoch(cluster.Table(1, 2));
        cluster.Send(0, 1, zeros(1, 1), chunk: 5, epoch: 2);
        Ticket ticket = cluster.Mailboxes[1].Next();
        Assert.Equal(5, ticket.Header.Chunk);
        ticket.Discard();
        Assert.True(ExchangeMesh.Eventually(() => Tensor.TotalCount == before));
    }

    [Fact]
    public async Task An_older_epoch_cannot_begin_after_a_newer_one()
    {
        using ExchangeMesh cluster = await ExchangeMesh.ConnectedAsync(1);
        cluster.BeginEpoch(4);
        InvalidOperationException e = Assert.Throws<InvalidOperationException>(() => cluster.BeginEpoch(3));
        Assert.StartsWith("EP-1", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_that_the_new_table_does_not_list_is_disconnected_without_alarm()
    {
        using ExchangeMesh cluster = await ExchangeMesh.ConnectedAsync(3);
        List<PeerLost> lost = [];
        TaskCompletionSource<PeerLost> left = new();
        cluster.Exchanges[0].PeerFailed += lost.Add;
        cluster.Exchanges[2].PeerFailed += p => left.TrySetResult(p);
        ExchangeTable two = cluster.Table(0, 2);
        two = two with { Peers = [.. two.Peers.Take(2)], NodeOf = two.NodeOf.Where(e => e.Value < 2).ToDictionary() };
        cluster.Exchanges[0].BeginEpoch(two);
        cluster.Exchanges[1].BeginEpoch(two with { Self = 1 });
        await Task.WhenAll(cluster.Exchanges.Take(2).Select(x => x.ConnectAsync(TestContext.Current.CancellationToken)));

        // Node 2 still lists the others: for it they are lost.
        PeerLost seen = await left.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Contains("closed", seen.Reason, StringComparison.Ordinal);
        Assert.Empty(lost);
        cluster.Send(0, 1, ones(2, 2), epoch: 2);
        cluster.Mailboxes[1].Next().Discard();
    }

    [Fact]
    public void A_table_that_contradicts_itself_is_refused()
    {
        using ExchangeMesh cluster = new(2);
        ExchangeTable table = cluster.Table(0, 1);
        Assert.Throws<ArgumentException>(() => cluster.Exchanges[0].BeginEpoch(table with { Self = 2 }));
        Assert.Throws<ArgumentException>(() => cluster.Exchanges[0].BeginEpoch(table with { Peers = [table.Peers[0], table.Peers[1] with { Incarnation = "node-0" }] }));
        Assert.Throws<ArgumentException>(() => cluster.Exchanges[0].BeginEpoch(table with { NodeOf = new Dictionary<uint, int> { [1] = 9 } }));
    }
}
