using Akka.Actor;
using Akka.Cluster;

using CsCheck;

using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.ControlPlane;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>What the cluster calls a member and what the run calls a node is matched by process, not by address.</summary>
public sealed class IncarnationTests
{
    [Fact]
    public void A_process_is_its_own_member_and_no_other_one_at_its_address_or_elsewhere() => Gen.Select(Gen.Int, Gen.Int, Gen.Int[1, 65535]).Sample((uid, other, port) =>
    {
        NodeIdentity node = Nodes.Of(0) with { Address = $"akka.tcp://moe@10.0.0.1:{port}", Incarnation = Incarnation.New(At("10.0.0.1", port, uid)) };
        Assert.Matches("^[0-9a-f]{12}$", node.Incarnation);
        Assert.True(Incarnation.Is(node, At("10.0.0.1", port, uid)));
        Assert.False(Incarnation.Is(node, At("10.0.0.2", port, uid)));
        Assert.Equal(other == uid, Incarnation.Is(node, At("10.0.0.1", port, other)));
    });

    private static UniqueAddress At(string host, int port, int uid) => new(new Address("akka.tcp", ControlSystem.SystemName, host, port), uid);
}
