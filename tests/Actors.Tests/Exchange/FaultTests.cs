using System.Diagnostics;
using MoeActors.Actors.Exchange;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Actors.Tests.Exchange;

[Collection(ExchangeCollection.Name)]
public sealed class FaultTests
{
    [Fact]
    public async Task A_delayed_source_blocks_no_other_source_on_the_same_connection_nor_locally()
    {
        using ExchangeMesh cluster = await ExchangeMesh.ConnectedAsync(2, faults: new DelaySource(rank: 5, ms: 150));
        foreach (int to in new[] { 0, 1 })
        {
            long begin = Stopwatch.GetTimestamp();
            FrameHeader slow = ExchangeMesh.Header(5, to, chunk: 1);
            cluster.Exchanges[0].Send(in slow, [], ones(4, 4));
            cluster.Exchanges[0].Send(ExchangeMesh.Header(0, to, chunk: 2), [], ones(4, 4));
            Assert.Equal(2, Next(cluster, to));
            Assert.Equal(1, Next(cluster, to));
            Assert.True(Stopwatch.GetElapsedTime(begin) >= TimeSpan.FromMilliseconds(150));
        }
    }

    [Fact]
    public async Task Seeded_delays_reorder_but_lose_nothing()
    {
        using ExchangeMesh cluster = await ExchangeMesh.ConnectedAsync(2, faults: new SeededDelays(seed: 7, maxMs: 20));
        for (int i = 0; i < 50; i++)
        {
            cluster.Send(0, 1, zeros([2, 2], dtype: ScalarType.Float32).Fill(i), chunk: i);
        }

        int[] order = [.. Enumerable.Range(0, 50).Select(_ => Next(cluster, 1))];
        Assert.Equal(Enumerable.Range(0, 50), order.Order());
        Assert.NotEqual(Enumerable.Range(0, 50), order);
    }

    [Fact]
    public void Seeded_delays_depend_on_the_frame_and_the_seed_alone()
    {
        TimeSpan[] Delays(long seed) => [.. Enumerable.Range(0, 20).Select(i => new SeededDelays(seed, 10).DelayOf(ExchangeMesh.Header(0, 1, i), new PeerAddress(i, "unix:none", "z")))];
        Assert.Equal(Delays(1), Delays(1));
        Assert.NotEqual(Delays(1), Delays(2));
        Assert.Equal(20, Delays(1).Distinct().Count());
        Assert.All(Delays(1), d => Assert.InRange(d.TotalMilliseconds, 0, 10));
    }

    [Fact]
    public async Task Delayed_frames_of_an_older_epoch_are_freed_when_a_new_one_begins()
    {
        using ExchangeMesh cluster = await ExchangeMesh.ConnectedAsync(2, faults: new DelaySource(rank: 0, ms: 600_000));
        long before = ExchangeMesh.LiveTensors();
        cluster.Send(0, 1, ones(4, 4));
        Assert.Equal(before + 1, Tensor.TotalCount);
        cluster.BeginEpoch(2);
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public async Task A_peer_that_ends_is_reported_by_its_end_and_frames_for_it_are_freed()
    {
        // Silence is not noticed: what reports the peer is that its connection ended.
        using ExchangeMesh cluster = await ExchangeMesh.ConnectedAsync(3, configure: (_, o) => o with { Silence = TimeSpan.Zero });
        long before = ExchangeMesh.LiveTensors();
        TaskCompletionSource<PeerLost> lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Exchanges[0].PeerFailed += p => lost.TrySetResult(p);
        cluster.Exchanges[2].Dispose();
        PeerLost seen = await lost.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Equal((2, "node-2"), (seen.Node, seen.Incarnation));
        cluster.Send(0, 2, zeros(10, 10));
        Assert.Equal(1, cluster.Exchanges[0].Statistics.DroppedDisconnected);
        Assert.Equal(before, Tensor.TotalCount);
        cluster.Send(0, 1, ones(2, 2), chunk: 3);
        Assert.Equal(3, Next(cluster, 1));
    }

    [Fact]
    public async Task A_peer_that_nobody_answers_for_is_reported_while_dialling_goes_on()
    {
        using ExchangeMesh cluster = new(1);
        TaskCompletionSource<PeerLost> lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Exchanges[0].PeerFailed += p => lost.TrySetResult(p);
        cluster.BeginEpoch(1, new PeerAddress(1, "unix:" + Path.Combine(cluster.Folder, "absent.sock"), "z-absent"));
        using CancellationTokenSource stop = new();
        Task connect = cluster.Exchanges[0].ConnectAsync(stop.Token);
        PeerLost seen = await lost.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Contains("cannot be reached", seen.Reason, StringComparison.Ordinal);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connect);
    }

    [Fact]
    public async Task A_lost_connection_is_made_again_under_the_next_epoch()
    {
        using ExchangeMesh cluster = new(1);
        cluster.BeginEpoch(1, RawPeer.Address);
        using CountdownEvent ends = new(1);
        cluster.Exchanges[0].PeerFailed += _ => ends.Signal();
        for (int epoch = 2; epoch < 5; epoch++)
        {
            ends.Reset();
            RawPeer peer = new(cluster.Exchanges[0].LocalAddress);
            await cluster.ConnectAsync();
            peer.Dispose();
            Assert.True(ends.Wait(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
            cluster.BeginEpoch(epoch, RawPeer.Address);
        }
    }

    private static int Next(ExchangeMesh cluster, int node)
    {
        Ticket ticket = cluster.Mailboxes[node].Next();
        ticket.Discard();
        return ticket.Header.Chunk;
    }
}
