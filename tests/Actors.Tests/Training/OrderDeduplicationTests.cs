using MoeActors.Actors.Protocol;
using MoeActors.Actors.Training;

namespace MoeActors.Actors.Tests.Training;

public sealed class OrderDeduplicationTests
{
    private static readonly StepApplied Applied = new(3, 7, "i1");

    [Fact]
    public void An_order_is_carried_out_once_in_an_epoch()
    {
        var orders = new OrderDeduplication();
        orders.Begin(3);
        Assert.False(orders.IsNew(3));
        Assert.False(orders.IsNew(2));
        Assert.True(orders.IsNew(4));
        Assert.True(orders.IsNewStep(7));
        orders.BeginStep(7);
        Assert.False(orders.IsNewStep(7));
        Assert.True(orders.TakeEvaluation(8));
        Assert.False(orders.TakeEvaluation(8));
    }

    [Fact]
    public void The_newest_answer_is_repeated_in_its_own_epoch_alone()
    {
        var orders = new OrderDeduplication();
        orders.Begin(3);
        Assert.Null(orders.Again(3));
        orders.Answered(Applied);
        Assert.Same(Applied, orders.Again(3));
        Assert.Null(orders.Again(2));
        orders.Begin(4);
        Assert.Null(orders.Again(4));
        Assert.True(orders.IsNewStep(0));
    }

    [Fact]
    public void After_a_failure_nothing_else_of_the_epoch_is_repeated()
    {
        var orders = new OrderDeduplication();
        orders.Begin(3);
        var fault = new NodeFault(3, "i1", "rank-0", "boom");
        orders.Answered(fault);
        orders.Answered(Applied);
        Assert.Same(fault, orders.Again(3));
    }
}
