using Akka.Actor;
using Akka.TestKit.Xunit;
using MoeActors.Actors.Exchange;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Actors.Tests.Exchange;

[Collection(ExchangeCollection.Name)]
public sealed class ActorTests : TestKit
{
    [Fact]
    public async Task An_actor_gets_its_tickets_in_its_mailbox_and_its_successor_the_later_ones()
    {
        using ExchangeMesh cluster = await ExchangeMesh.ConnectedAsync(2);
        long before = ExchangeMesh.LiveTensors();
        Endpoint shard = new(EndpointKind.ExpertShard, 3, 1);
        Dictionary<uint, int> nodes = new() { [shard.Packed] = 1 };
        cluster.Exchanges[0].BeginEpoch(cluster.Table(0, 2) with { NodeOf = nodes });
        cluster.Exchanges[1].BeginEpoch(cluster.Table(1, 2) with { NodeOf = nodes });
        FrameHeader header = ExchangeMesh.Header(0, 1, epoch: 2);
        header.Destination = shard.Packed;
        foreach (string name in new[] { "first", "second" })
        {
            cluster.Exchanges[1].Register(shard, Sys.ActorOf(Props.Create(() => new Taker(TestActor, name))));
            cluster.Exchanges[0].Send(in header, [], ones(5, 5));
            Assert.Equal((name, 25f), ExpectMsg<(string, float)>(TimeSpan.FromSeconds(20), cancellationToken: TestContext.Current.CancellationToken));
        }

        Assert.True(ExchangeMesh.Eventually(() => Tensor.TotalCount == before));
    }

    private sealed class Taker : ReceiveActor
    {
        public Taker(IActorRef reply, string name) => Receive<Ticket>(t =>
        {
            using Tensor taken = t.Take()!, sum = taken.sum();
            reply.Tell((name, sum.item<float>()));
        });
    }
}
