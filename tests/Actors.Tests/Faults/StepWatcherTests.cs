using Akka.Actor;

using MoeActors.Actors.Faults;
using MoeActors.Actors.Faults.Agent;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.Tests.Faults.Admin;

namespace MoeActors.Actors.Tests.Faults;

/// <summary>AD-1: a fault of a step took when the coordinator names it, or when the epoch it happened in is over for another reason; on nobody's word alone.</summary>
public sealed class StepWatcherTests
{
    private static readonly FaultOrder Order = new("f-1", "crash-shard", [], 0, Some.Cluster(3).Nodes, "expert-shard-0-1", "", Epoch: 4, Fence: 1);

    [Fact]
    public void An_epoch_that_ends_for_the_fault_shows_that_it_took()
    {
        using FaultWatcher watcher = New();
        watcher.Hear(new AbortEpoch(4, $"{InjectedMark.Of("f-12")}another fault's"));
        Assert.False(watcher.Look().Seen);
        watcher.Hear(new AbortEpoch(4, $"{InjectedMark.Of("f-1")}a handler throws"));
        Assert.True(watcher.Look().Seen);
    }

    [Fact]
    public void A_failure_that_a_new_coordinator_never_heard_of_took_when_its_epoch_is_over()
    {
        using FaultWatcher watcher = New();
        watcher.Hear(Epoch(5));
        watcher.Hear(new FaultProbed("f-1", true, "it happened in epoch 5", 5));
        watcher.Hear(new StepDecision(5, 7, false, 1, 1, null, AfterStep.Continue, 0));
        Assert.False(watcher.Look().Seen);
        watcher.Hear(Epoch(6));
        (bool seen, string text) = watcher.Look();
        Assert.True(seen);
        Assert.Equal("its epoch ended for another reason (node-1: it happened in epoch 5)", text);
    }

    [Fact]
    public void Neither_the_targets_word_nor_a_new_epoch_shows_anything_alone()
    {
        using FaultWatcher told = New(), moved = New();
        told.Hear(Epoch(4));
        told.Hear(new FaultProbed("f-1", true, "it happened in epoch 4", 4));
        Assert.False(told.Look().Seen);
        moved.Hear(new FaultProbed("f-1", false, "it has not happened yet", -1));
        moved.Hear(Epoch(5));
        Assert.False(moved.Look().Seen);
    }

    [Fact]
    public void The_new_epoch_may_be_heard_of_before_the_target_answers()
    {
        using FaultWatcher watcher = New();
        watcher.Hear(Epoch(6));
        watcher.Hear(new FaultProbed("f-1", true, "it happened in epoch 5", 5));
        Assert.True(watcher.Look().Seen);
    }

    [Fact]
    public void What_the_run_went_on_with_unnoticed_did_not_take()
    {
        using FaultWatcher watcher = New();
        watcher.Hear(new FaultProbed("f-1", true, "it happened in epoch 5", 5));
        watcher.Hear(new StepDecision(5, 7, false, 1, 1, null, AfterStep.Continue, 0));
        watcher.Hear(new StepDecision(5, 8, false, 1, 1, null, AfterStep.Continue, 0));
        watcher.Hear(Epoch(6));
        Assert.False(watcher.Look().Seen);
    }

    private static AbortWatcher New() => new(Order, new ProbeWatcher(Order, ActorRefs.Nobody, ActorRefs.Nobody));

    private static PrepareEpoch Epoch(int epoch) => new(1, epoch, "", "", Order.Nodes, [0], 0, 2, []);
}
