using MoeActors.Actors.Exchange;
using MoeActors.Actors.Training;

using TorchSharp;

using static TorchSharp.torch;

namespace MoeActors.Actors.Tests.Review;

/// <summary>A fast node's messages overtake a slow one's start: they wait, in order, and nothing leaks.</summary>
public sealed class EarlyTicketsTests
{
    [Fact]
    public void What_came_early_is_handed_back_for_its_step_in_order_of_arrival_and_later_steps_stay()
    {
        var early = new EarlyTickets();
        early.Keep(Of(step: 3, chunk: 1));
        early.Keep(Of(step: 4, chunk: 2));
        early.Keep(Of(step: 3, chunk: 0));
        IReadOnlyList<Ticket> third = early.Of(3);
        Assert.Equal([1, 0], third.Select(t => t.Header.Chunk));
        Assert.Empty(early.Of(3));
        Assert.Equal([2], early.Of(4).Select(t => t.Header.Chunk));
    }

    [Fact]
    public void What_nobody_asks_for_any_more_is_freed()
    {
        var early = new EarlyTickets();
        Ticket old = Of(step: 2, chunk: 0), abandoned = Of(step: 9, chunk: 0);
        Tensor first = old.Payload!, second = abandoned.Payload!;
        early.Keep(old);
        early.Keep(abandoned);
        Assert.Null(old.Payload);
        Assert.Empty(early.Of(3));
        Assert.True(first.IsInvalid);
        Assert.False(second.IsInvalid);
        early.Discard();
        Assert.True(second.IsInvalid);
    }

    private static Ticket Of(long step, int chunk) =>
        new(new FrameHeader { Step = step, Chunk = chunk }, [], zeros(2, 3).DetachFromDisposeScope());
}
