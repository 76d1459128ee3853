using System.Runtime.CompilerServices;
using CsCheck;
using MoeActors.Actors.Exchange;

namespace MoeActors.Actors.Tests.Exchange;

public sealed class EndpointTests
{
    [Fact]
    public void Packing_keeps_every_endpoint_apart() =>
        Check.Sample(Gen.Select(Gen.Int[1, 3], Gen.Int[0, Endpoint.MaxLayer], Gen.Int[0, Endpoint.MaxRank]), (kind, layer, rank) =>
        {
            Endpoint endpoint = new((EndpointKind)kind, layer, rank);
            Assert.Equal(endpoint, Endpoint.FromPacked(endpoint.Packed));
        });

    [Fact]
    public void An_endpoint_that_does_not_fit_is_refused_not_truncated()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new Endpoint(EndpointKind.ExpertShard, Endpoint.MaxLayer + 1, 0).Packed);
        Assert.Throws<ArgumentOutOfRangeException>(() => new Endpoint(EndpointKind.Rank, 0, -1).Packed);
    }

    [Fact]
    public void The_header_is_as_long_as_the_protocol_says() => Assert.Equal(FrameHeader.Size, Unsafe.SizeOf<FrameHeader>());
}
