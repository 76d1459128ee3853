using System.Diagnostics;

using CsCheck;

using MoeActors.Actors.Exchange;

using static TorchSharp.torch;

namespace MoeActors.Actors.Tests.Exchange;

/// <summary>A link that is emulated at its receiver tells the truth about time.</summary>
[Collection(ExchangeCollection.Name)]
public sealed class EmulatedLinkTests
{
    private static readonly long Second = Stopwatch.Frequency;

    [Fact]
    public void Frames_come_out_one_after_the_other_at_the_bandwidth_however_they_are_cut()
    {
        // 64 MiB at 64 MiB/s with 5 ms: the last byte is seen after 1.005 s, in one frame or in a thousand that are there at once.
        foreach (int frames in (int[])[1, 4, 1024])
        {
            var clock = default(LinkClock);
            long last = 0;
            for (int i = 0; i < frames; i++)
            {
                last = clock.Visible(0, (64L << 20) / frames, 5000, 64 << 10);
            }

            Assert.InRange(last, (long)(1.005 * Second) - frames, (long)(1.005 * Second) + frames);
        }
    }

    [Fact]
    public void Latency_is_paid_by_each_frame_beside_the_others_and_an_idle_link_saves_nothing_up()
    {
        var clock = default(LinkClock);
        Assert.Equal(Second / 100, clock.Visible(0, 1024, 10_000, 0));
        Assert.Equal(Second / 100 + 5, clock.Visible(5, 1024, 10_000, 0));

        // 1 MiB at 1 MiB/s after a pause of 10 s.
        Assert.Equal(11 * Second, clock.Visible(10 * Second, 1 << 20, 0, 1024));
        Assert.Equal(12 * Second, clock.Visible(10 * Second, 1 << 20, 0, 1024));
    }

    [Fact]
    public void No_frame_is_seen_before_the_one_ahead_of_it_nor_before_it_came() =>
        (from frames in Gen.Select(Gen.Long[0, 1 << 20], Gen.Long[0, 1 << 16], Gen.Int[0, 100], Gen.Int[0, 1 << 20]).List[1, 30] select frames).Sample(frames =>
        {
            var clock = default(LinkClock);
            (long now, long before) = (0, 0);
            foreach ((long pause, long bytes, int microseconds, int kibibytes) in frames)
            {
                now += pause;
                long visible = clock.Visible(now, bytes, microseconds, kibibytes);
                Assert.True(visible >= before && visible >= now);
                before = visible;
            }
        });

    [Fact]
    public async Task What_is_underway_when_the_connection_ends_is_lost_and_freed_and_the_end_is_not_waited_for()
    {
        var table = new LinkFaultTable();
        table.Learn([("node-1", "node-1")]);
        long live = ExchangeMesh.LiveTensors();
        long begun = Stopwatch.GetTimestamp();
        using (ExchangeMesh cluster = await ExchangeMesh.ConnectedAsync(2, faults: table))
        {
            table.Set("f-1", "node-1", new LinkFault { Delay = LinkModel.MostLatency });
            cluster.Send(0, 1, ones(4, 4));
            Assert.True(ExchangeMesh.Eventually(() => cluster.Exchanges[1].Statistics.FramesIn > 0));
            Assert.False(cluster.Mailboxes[1].TryNext(out _));
        }

        Assert.True(Stopwatch.GetElapsedTime(begun) < LinkModel.MostLatency);
        Assert.Equal(live, ExchangeMesh.LiveTensors());
    }

    [Fact]
    public async Task A_frame_whose_epoch_ends_while_it_is_underway_changes_nothing_and_those_of_the_next_come()
    {
        var table = new LinkFaultTable();
        table.Learn([("node-1", "node-1")]);
        using ExchangeMesh cluster = await ExchangeMesh.ConnectedAsync(2, faults: table);
        table.Set("f-1", "node-1", new LinkFault { Delay = TimeSpan.FromMilliseconds(200) });
        cluster.Send(0, 1, ones(2, 2), chunk: 1);
        Assert.True(ExchangeMesh.Eventually(() => table.Hits("f-1") > 0));
        cluster.BeginEpoch(2);
        table.Clear("f-1");
        cluster.Send(0, 1, ones(2, 2), chunk: 2, epoch: 2);
        Ticket next = cluster.Mailboxes[1].Next();
        Assert.Equal(2, next.Header.Chunk);
        next.Discard();
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(10_000_001, 0)]
    [InlineData(0, -1)]
    public void A_link_that_cannot_be_is_refused_with_its_frame(int microseconds, int kibibytes)
    {
        FrameHeader header = default;
        (header.Magic, header.Version, header.Kind) = (FrameHeader.ExpectedMagic, FrameHeader.ProtocolVersion, FrameKind.Credit);
        (header.LinkMicroseconds, header.LinkKibibytes) = (microseconds, kibibytes);
        header.HeaderChecksum = FrameHeader.ComputeChecksum(in header);
        Assert.Contains("names a link", FrameRules.Fault(in header, 0, 1), StringComparison.Ordinal);
    }
}
