using CsCheck;
using MoeActors.Actors.Exchange;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Actors.Tests.Exchange;

/// <summary>A peer that passed the handshake and then misbehaves: bytes damaged, lengths invented, connections cut.</summary>
[Collection(ExchangeCollection.Name)]
public sealed class DamageTests
{
    private static readonly Gen<(int At, byte Flip)> Mutation = Gen.Select(Gen.Int[0, 40_000], Gen.Byte[1, 255]);

    [Fact]
    public void Damaged_streams_never_deliver_a_damaged_ticket_and_never_end_the_node()
    {
        using ExchangeMesh cluster = Listening();
        long before = ExchangeMesh.LiveTensors();
        int delivered = 0, whole = 0;
        Check.Sample(
            Gen.Select(Mutation.Array[0, 4], Gen.Int[1, 200].Array[1, 4], Gen.Int[0, 60_000]),
            (mutations, rows, cut) =>
            {
                byte[] stream = [.. rows.SelectMany((n, i) => RawPeer.Frame((uint)i, (byte)(n + i), n, 97))];
                foreach ((int at, byte flip) in mutations)
                {
                    stream[at % stream.Length] ^= flip;
                }

                using RawPeer peer = new(cluster.Exchanges[0].LocalAddress);
                peer.Write(stream.AsSpan(0, Math.Min(cut + 60, stream.Length)));
                peer.Finish();
                whole += rows.Length;
                while (cluster.Mailboxes[0].TryNext(out Ticket? ticket))
                {
                    delivered++;
                    Assert.Equal(ticket.Header.Chunk, Assert.Single(ticket.Meta));
                    using Tensor? got = ticket.Take();
                    Assert.True(got is not null && got.size(0) == ticket.Header.Rows);
                    Assert.Equal(-1, got.bytes.IndexOfAnyExcept((byte)ticket.Header.Chunk));
                }
            },
            iter: 300, threads: 1);
        Assert.True(delivered > 0 && delivered < whole);
        Assert.True(ExchangeMesh.Eventually(() => Tensor.TotalCount == before));
        using RawPeer last = new(cluster.Exchanges[0].LocalAddress);
        last.Write(RawPeer.Frame(0, 7, 2, 2));
        cluster.Mailboxes[0].Next().Discard();
    }

    public static TheoryData<string, Func<FrameHeader, FrameHeader>> Lies() => new()
    {
        { "magic number", h => h with { Magic = 1 } },
        { "protocol version 77", h => h with { Version = 77 } },
        { "names a link", h => h with { LinkKibibytes = -1 } },
        { "unknown kind 77", h => h with { Kind = (FrameKind)77 } },
        { "unknown purpose 0", h => h with { Purpose = 0 } },
        { "frame 5 came where frame 0", h => h with { Sequence = 5 } },
        { "of type 44", h => h with { DType = (ScalarType)44 } },
        { "[-1, 3]", h => h with { Rows = -1, Columns = 3 } },
        { "announces 6 bytes", h => h with { Rows = 3 } },
        { "at most 8589934592 are accepted", h => h with { Rows = int.MaxValue, Columns = int.MaxValue, PayloadBytes = (long)int.MaxValue * int.MaxValue } },
        { "2000000 meta integers", h => h with { MetaInts = 2_000_000 } },
        { "returns 5 bytes of credit", h => h with { Credit = 5 } },
        { "returns -1 bytes of credit", h => h with { Credit = -1 } },
        { "the meta of frame 0", h => h with { MetaChecksum = 3 } },
        { "the payload of frame 0", h => h with { PayloadChecksum = 3 } },
    };

    [Theory]
    [MemberData(nameof(Lies), DisableDiscoveryEnumeration = true)]
    public async Task A_header_that_lies_ends_the_connection_with_the_reason(string reason, Func<FrameHeader, FrameHeader> lie)
    {
        using ExchangeMesh cluster = Listening();
        TaskCompletionSource<PeerLost> lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Exchanges[0].PeerFailed += p => lost.TrySetResult(p);
        using RawPeer peer = new(cluster.Exchanges[0].LocalAddress);
        peer.Write(RawPeer.Frame(0, 9, 2, 3, change: lie));
        PeerLost seen = await lost.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Contains(reason, seen.Reason, StringComparison.Ordinal);
        Assert.Equal((1, RawPeer.Incarnation), (seen.Node, seen.Incarnation));
        Assert.Equal(0, cluster.Mailboxes[0].Count);
        ExchangeStatistics statistics = cluster.Exchanges[0].Statistics;
        Assert.Equal(1, statistics.ProtocolFailures + statistics.ChecksumFailures);
    }

    [Fact]
    public async Task A_peer_that_dies_inside_a_frame_is_reported_by_its_end_and_its_tensor_freed()
    {
        using ExchangeMesh cluster = Listening();
        long before = ExchangeMesh.LiveTensors();
        TaskCompletionSource<PeerLost> lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Exchanges[0].PeerFailed += p => lost.TrySetResult(p);
        RawPeer peer = new(cluster.Exchanges[0].LocalAddress);
        byte[] frame = RawPeer.Frame(0, 9, 1000, 1000);
        peer.Write(frame.AsSpan(0, 600_000));
        Assert.True(ExchangeMesh.Eventually(() => Tensor.TotalCount == before + 1));
        peer.Dispose();
        PeerLost seen = await lost.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Equal("the connection ended inside a frame", seen.Reason);
        Assert.True(ExchangeMesh.Eventually(() => Tensor.TotalCount == before));
        Assert.False(cluster.Exchanges[0].Statistics.Peers.Single().Connected);
    }

    [Fact]
    public async Task A_peer_that_stops_inside_a_frame_is_reported_after_the_stall_time()
    {
        using ExchangeMesh cluster = Listening(o => o with { StallTimeout = TimeSpan.FromMilliseconds(100) });
        TaskCompletionSource<PeerLost> lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Exchanges[0].PeerFailed += p => lost.TrySetResult(p);
        using RawPeer peer = new(cluster.Exchanges[0].LocalAddress);
        peer.Write(RawPeer.Frame(0, 9, 10, 10).AsSpan(0, 130));
        Assert.Contains("no data came", (await lost.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_that_sends_more_than_its_window_is_cut_off()
    {
        using ExchangeMesh cluster = Listening(o => o with { CreditBytes = 1000 });
        TaskCompletionSource<PeerLost> lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Exchanges[0].PeerFailed += p => lost.TrySetResult(p);
        using RawPeer peer = new(cluster.Exchanges[0].LocalAddress);
        peer.Write(RawPeer.Frame(0, 1, 10, 90));
        peer.Write(RawPeer.Frame(1, 2, 10, 90));
        Assert.Contains("exceeds the window", (await lost.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken)).Reason, StringComparison.Ordinal);
        cluster.Mailboxes[0].Next().Discard();
    }

    private static ExchangeMesh Listening(Func<ExchangeOptions, ExchangeOptions>? configure = null)
    {
        ExchangeMesh cluster = new(1, configure: (_, o) => configure?.Invoke(o) ?? o);
        cluster.BeginEpoch(1, RawPeer.Address);
        return cluster;
    }
}
