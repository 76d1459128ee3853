using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>What is said of a run by a coordinator that has not made a step of it.</summary>
public sealed class StatusBoardTests
{
    [Theory]
    [InlineData(RunPhase.Gathering, 0, 25, 25)]
    [InlineData(RunPhase.Surveying, 0, 25, 25)]
    [InlineData(RunPhase.Preparing, 30, 25, 30)]
    [InlineData(RunPhase.Ended, 0, 60, 60)]
    [InlineData(RunPhase.Ended, 70, 60, 70)]
    [InlineData(RunPhase.Running, 20, 25, 20)]
    public void The_newest_checkpoint_says_how_far_a_run_is_until_an_epoch_has_begun(RunPhase phase, long step, long checkpoint, long told) =>
        Assert.Equal(told, new StatusBoard().Answer(new StatusQuery(0), new CoordinatorState { Phase = phase, Step = step, NewestCheckpoint = checkpoint }, double.NaN).Step);
}
