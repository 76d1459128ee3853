using MoeActors.Actors.Exchange;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Actors.Tests.Exchange;

[Collection(ExchangeCollection.Name)]
public sealed class DeliveryTests
{
    [Theory]
    [InlineData("unix", ScalarType.Float32)]
    [InlineData("unix", ScalarType.BFloat16)]
    [InlineData("tcp:127.0.0.1:0", ScalarType.Float32)]
    [InlineData("tcp:127.0.0.1:0", ScalarType.BFloat16)]
    [InlineData("tcp:127.0.0.1:0", ScalarType.Int64)]
    public async Task A_tensor_arrives_bit_equal_with_its_header_and_meta(string listen, ScalarType type)
    {
        using ExchangeMesh cluster = await ExchangeMesh.ConnectedAsync(2, listen);
        long before = ExchangeMesh.LiveTensors();
        foreach ((int rows, int columns) in new[] { (1, 1), (3, 5), (1000, 7), (513, 1024) })
        {
            using Tensor noise = randn(rows, columns).TimesInPlace(1000), sent = noise.to(type, copy: true);
            cluster.Send(0, 1, sent.alias(), chunk: 6, meta: [1, -2, int.MaxValue]);
            Ticket ticket = cluster.Mailboxes[1].Next();
            Assert.Equal((3L, 4, 5, 6, 7), (ticket.Header.Step, ticket.Header.Micro, ticket.Header.Layer, ticket.Header.Chunk, ticket.Header.ChunkCount));
            Assert.Equal((ExchangeMesh.Rank(0), ExchangeMesh.Rank(1)), (Endpoint.FromPacked(ticket.Header.Source), Endpoint.FromPacked(ticket.Header.Destination)));
            Assert.Equal([1, -2, int.MaxValue], ticket.Meta);
            using Tensor got = ticket.Take()!;
            Assert.Equal(type, got.dtype);
            Assert.True(sent.bytes.SequenceEqual(got.bytes));
            Assert.Null(ticket.Take());
        }

        Assert.True(ExchangeMesh.Eventually(() => Tensor.TotalCount == before));
    }

    [Fact]
    public async Task A_frame_without_elements_carries_only_its_meta()
    {
        using ExchangeMesh cluster = await ExchangeMesh.ConnectedAsync(2);
        cluster.Send(0, 1, null, meta: [9]);
        cluster.Send(0, 1, empty(0, 16), meta: []);
        Ticket first = cluster.Mailboxes[1].Next(), second = cluster.Mailboxes[1].Next();
        Assert.Equal((0, 9), (first.Header.Rows, first.Meta[0]));
        Assert.Equal((0, 16), (second.Header.Rows, second.Header.Columns));
        Assert.Null(first.Payload);
        Assert.Null(second.Take());
    }

    [Fact]
    public async Task A_flat_view_travels_as_one_row_straight_from_the_middle_of_its_storage()
    {
        using ExchangeMesh cluster = await ExchangeMesh.ConnectedAsync(2);
        using Tensor flat = Arithmetic.Range(1000, ScalarType.Float32);
        foreach (int to in new[] { 0, 1 })
        {
            cluster.Send(0, to, flat.narrow(0, 100, 200));
            using Tensor got = cluster.Mailboxes[to].Next().Take()!;
            Assert.Equal([1, 200], got.shape);
            Assert.Equal((100f, 299f), (got[0, 0].item<float>(), got[0, 199].item<float>()));
        }
    }

    [Fact]
    public async Task Frames_of_one_connection_keep_their_order_whatever_their_size()
    {
        using ExchangeMesh cluster = await ExchangeMesh.ConnectedAsync(2, configure: (_, o) => o with { CreditBytes = 100_000, PieceBytes = 4096 });
        int[] rows = [.. Enumerable.Range(0, 200).Select(i => i * 7919 % 500)];
        foreach ((int n, int i) in rows.Select((n, i) => (n, i)))
        {
            cluster.Send(0, 1, n == 0 ? null : zeros([n, 33], dtype: ScalarType.Float32).Fill(i), chunk: i);
        }

        foreach ((int n, int i) in rows.Select((n, i) => (n, i)))
        {
            Ticket ticket = cluster.Mailboxes[1].Next();
            Assert.Equal((i, n), (ticket.Header.Chunk, ticket.Header.Rows));
            using Tensor? got = ticket.Take();
            Assert.True(got is null ? n == 0 : got.min().item<float>() == i && got.max().item<float>() == i);
        }
    }

    [Fact]
    public async Task Three_nodes_send_to_all_at_once()
    {
        using ExchangeMesh cluster = await ExchangeMesh.ConnectedAsync(3);
        for (int i = 0; i < 9; i++)
        {
            cluster.Send(i / 3, i % 3, zeros([64, 64], dtype: ScalarType.Float32).Fill(i), chunk: i);
        }

        for (int to = 0; to < 3; to++)
        {
            HashSet<int> seen = [];
            for (int i = 0; i < 3; i++)
            {
                Ticket ticket = cluster.Mailboxes[to].Next();
                using Tensor got = ticket.Take()!;
                Assert.Equal((float)ticket.Header.Chunk, got.mean().item<float>());
                Assert.True(seen.Add(ticket.Header.Chunk));
            }
        }

        Assert.Equal(3, cluster.Exchanges.Sum(x => x.Statistics.LocalHandovers));
    }

    [Fact]
    public async Task A_local_hand_over_is_the_same_storage_and_moves_no_bytes()
    {
        using ExchangeMesh cluster = await ExchangeMesh.ConnectedAsync(2);
        using Tensor whole = zeros(10, 4);
        cluster.Send(0, 0, whole.narrow(0, 2, 3));
        using Tensor got = cluster.Mailboxes[0].Next().Take()!;
        got.Fill(7);
        Assert.Equal(12 * 7f, whole.sum().item<float>());
        Assert.Equal((1, 48, 0), (cluster.Exchanges[0].Statistics.LocalHandovers, cluster.Exchanges[0].Statistics.LocalBytes, cluster.Exchanges[0].Statistics.BytesOut));
    }

    [Fact]
    public async Task A_frame_for_nobody_is_freed_and_counted()
    {
        using ExchangeMesh cluster = await ExchangeMesh.ConnectedAsync(2);
        long before = ExchangeMesh.LiveTensors();
        cluster.Exchanges[1].Unregister(ExchangeMesh.Rank(1));
        cluster.Send(0, 1, zeros(100, 100));
        cluster.Send(0, 55, zeros(100, 100));
        Assert.True(ExchangeMesh.Eventually(() => cluster.Exchanges[1].Statistics.DroppedUnknown == 1 && Tensor.TotalCount == before));
        Assert.Equal(1, cluster.Exchanges[0].Statistics.DroppedUnknown);
    }

    [Fact]
    public async Task Tickets_in_the_mailbox_of_an_actor_that_leaves_are_freed()
    {
        using ExchangeMesh cluster = await ExchangeMesh.ConnectedAsync(2);
        long before = ExchangeMesh.LiveTensors();
        cluster.Send(0, 1, zeros(100, 100));
        cluster.Send(1, 1, zeros(100, 100));
        Ticket[] tickets = [cluster.Mailboxes[1].Next(), cluster.Mailboxes[1].Next()];
        cluster.Exchanges[1].Unregister(ExchangeMesh.Rank(1));
        Assert.All(tickets, t => Assert.Null(t.Take()));
        Assert.True(ExchangeMesh.Eventually(() => Tensor.TotalCount == before));
    }

    [Fact]
    public async Task What_cannot_travel_is_refused_by_name_and_freed()
    {
        using ExchangeMesh cluster = await ExchangeMesh.ConnectedAsync(2);
        long before = ExchangeMesh.LiveTensors();
        using (Tensor square = zeros(4, 4))
        {
            ArgumentException e = Assert.Throws<ArgumentException>(() => cluster.Send(0, 1, square.t()));
            Assert.Contains("[4, 4]", e.Message, StringComparison.Ordinal);
        }

        Assert.Throws<ArgumentException>(() => cluster.Send(0, 1, zeros(2, 2, 2)));
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public async Task Dispose_removes_the_socket_file_and_frees_what_is_queued()
    {
        long before = ExchangeMesh.LiveTensors();
        ExchangeMesh cluster = await ExchangeMesh.ConnectedAsync(2, configure: (_, o) => o with { CreditBytes = 1000 });
        Assert.Equal(2, Directory.GetFiles(cluster.Folder).Length);
        for (int i = 0; i < 5; i++)
        {
            cluster.Send(0, 1, zeros(100, 100));
        }

        cluster.Mailboxes[1].Next();
        cluster.Exchanges.ForEach(x => x.Dispose());
        Assert.Empty(Directory.GetFiles(cluster.Folder));
        cluster.Dispose();
        Assert.Equal(before, Tensor.TotalCount);
    }
}
