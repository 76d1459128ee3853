using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Membership;

namespace MoeActors.Actors.Tests.Cluster;

public sealed class OrderFenceTests
{
    [Fact]
    public void Orders_of_an_older_coordinator_are_not_obeyed_once_a_newer_one_has_spoken()
    {
        var fence = new OrderFence();
        Assert.True(fence.Admits(3));
        Assert.True(fence.Admits(3));
        Assert.True(fence.Admits(8));
        Assert.False(fence.Admits(3));
        Assert.Equal(8, fence.Newest);
    }

    [Theory]
    [InlineData(5, 9, 9)]
    [InlineData(12, 9, 13)]
    public void A_coordinators_token_is_newer_than_its_journal_and_than_one_it_had_adopted(long known, long sequence, long token) =>
        Assert.Equal(token, Takeover.Fenced(new CoordinatorState { Fence = known }, sequence).Fence);
}
