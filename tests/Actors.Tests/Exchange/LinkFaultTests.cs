using System.Diagnostics;

using MoeActors.Actors.Exchange;

using static TorchSharp.torch;

namespace MoeActors.Actors.Tests.Exchange;

/// <summary>Injected faults of links: the exchange stays correct under each. What is lost, doubled or overtaken reaches nobody: the connection breaks.</summary>
[Collection(ExchangeCollection.Name)]
public sealed class LinkFaultTests
{
    [Theory]
    [InlineData("drop")]
    [InlineData("duplicate")]
    [InlineData("reorder")]
    public async Task A_frame_that_is_lost_doubled_or_overtaken_breaks_the_connection_and_no_later_one_is_delivered(string kind)
    {
        var table = new LinkFaultTable();
        using ExchangeMesh cluster = await Connected(table);
        var lost = new TaskCompletionSource<PeerLost>(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Exchanges[1].PeerFailed += p => lost.TrySetResult(p);
        var seenBySender = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Exchanges[0].PeerFailed += _ => seenBySender.TrySetResult();
        cluster.Send(0, 1, ones(2, 2), chunk: 1);
        Assert.Equal(1, Next(cluster));
        table.Set("f-1", "node-1", kind switch
        {
            "drop" => new LinkFault { Drop = 1, Count = 1 },
            "duplicate" => new LinkFault { Duplicate = 1, Count = 1 },
            _ => new LinkFault { Reorder = 1, Count = 1 },
        });
        cluster.Send(0, 1, ones(2, 2), chunk: 2);
        cluster.Send(0, 1, ones(2, 2), chunk: 3);
        PeerLost seen = await lost.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Contains("was expected", seen.Reason, StringComparison.Ordinal);
        Assert.Equal(1, table.Hits("f-1"));

        // A doubled frame came once before the connection broke; nothing came out of turn.
        int[] arrived = [.. Arrived(cluster)];
        Assert.Equal(kind == "duplicate" ? [2] : [], arrived);

        // An epoch keeps the connections that its nodes believe in: a sender that has not seen the break yet would dial nobody, and break the new epoch when it does.
        await seenBySender.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        cluster.BeginEpoch(2);
        await cluster.ConnectAsync();
        cluster.Send(0, 1, ones(2, 2), chunk: 4, epoch: 2);
        Assert.Equal(4, Next(cluster));
    }

    [Fact]
    public async Task A_lost_last_frame_is_noticed_by_the_next_sign_of_life()
    {
        var table = new LinkFaultTable();
        using ExchangeMesh cluster = await Connected(table, o => o with { Heartbeat = TimeSpan.FromMilliseconds(20) });
        var lost = new TaskCompletionSource<PeerLost>(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Exchanges[1].PeerFailed += p => lost.TrySetResult(p);
        table.Set("f-1", "node-1", new LinkFault { Drop = 1, Count = 1 });
        cluster.Send(0, 1, ones(2, 2));
        await lost.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_partition_is_noticed_by_silence_and_lets_no_connection_be_made_until_it_heals()
    {
        var table = new LinkFaultTable();
        using ExchangeMesh cluster = await Connected(table, o => o with { Heartbeat = TimeSpan.FromMilliseconds(20), Silence = TimeSpan.FromMilliseconds(200) });
        var lost = new TaskCompletionSource<PeerLost>(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Exchanges[1].PeerFailed += p => lost.TrySetResult(p);
        var here = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Exchanges[0].PeerFailed += _ => here.TrySetResult();
        table.Set("f-1", "node-1", new LinkFault { Cut = true });
        PeerLost seen = await lost.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Contains("nothing came for", seen.Reason, StringComparison.Ordinal);

        // Both ends have given the connection up: a new epoch connects them anew.
        await here.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        cluster.BeginEpoch(2);
        long before = table.Hits("f-1");
        Task connected = cluster.ConnectAsync();
        Assert.True(ExchangeMesh.Eventually(() => table.Hits("f-1") > before + 1), "no attempt met the partition");
        Assert.False(connected.IsCompleted);
        table.Clear("f-1");
        await connected;
        cluster.Send(0, 1, ones(2, 2), chunk: 9, epoch: 2);
        Assert.Equal(9, Next(cluster));
    }

    [Fact]
    public async Task A_limit_of_bandwidth_is_kept()
    {
        var table = new LinkFaultTable();
        using ExchangeMesh cluster = await Connected(table);
        table.Set("f-1", "node-1", new LinkFault { BytesPerSecond = 1 << 20 });
        long begun = Stopwatch.GetTimestamp();
        for (int i = 0; i < 4; i++)
        {
            cluster.Send(0, 1, ones(64, 256), chunk: i);
        }

        Assert.Equal([0, 1, 2, 3], Enumerable.Range(0, 4).Select(_ => Next(cluster)));

        // 256 KiB at 1 MiB/s; the last frame is there before its own time is waited for.
        Assert.True(Stopwatch.GetElapsedTime(begun) > TimeSpan.FromMilliseconds(170), $"{Stopwatch.GetElapsedTime(begun)}");
    }

    [Fact]
    public async Task A_delay_holds_only_the_frames_of_that_link()
    {
        var table = new LinkFaultTable();
        using ExchangeMesh cluster = await Connected(table);
        table.Set("f-1", "node-1", new LinkFault { Delay = TimeSpan.FromMilliseconds(100) });
        long begun = Stopwatch.GetTimestamp();
        cluster.Send(0, 1, ones(2, 2), chunk: 1);
        cluster.Send(1, 0, ones(2, 2), chunk: 2);
        Ticket other = cluster.Mailboxes[0].Next();
        other.Discard();
        Assert.Equal(2, other.Header.Chunk);
        Assert.Equal(1, Next(cluster));
        Assert.True(Stopwatch.GetElapsedTime(begun) >= TimeSpan.FromMilliseconds(100));
        Assert.Equal(1, table.Hits("f-1"));
    }

    [Fact]
    public async Task No_rule_for_a_peer_means_no_fault()
    {
        var table = new LinkFaultTable();
        using ExchangeMesh cluster = await Connected(table);
        table.Set("f-1", "node-7", new LinkFault { Drop = 1 });
        cluster.Send(0, 1, ones(2, 2), chunk: 5);
        Assert.Equal(5, Next(cluster));
        Assert.Equal(0, table.Hits("f-1"));
    }

    private static async Task<ExchangeMesh> Connected(LinkFaultTable table, Func<ExchangeOptions, ExchangeOptions>? change = null)
    {
        table.Learn([("node-0", "node-0"), ("node-1", "node-1")]);
        return await ExchangeMesh.ConnectedAsync(2, configure: (_, o) => change?.Invoke(o) ?? o, faults: table);
    }

    private static int Next(ExchangeMesh cluster)
    {
        Ticket ticket = cluster.Mailboxes[1].Next();
        ticket.Discard();
        return ticket.Header.Chunk;
    }

    private static IEnumerable<int> Arrived(ExchangeMesh cluster)
    {
        while (cluster.Mailboxes[1].TryNext(out Ticket? ticket))
        {
            ticket.Discard();
            yield return ticket.Header.Chunk;
        }
    }
}
