using MoeActors.Actors.Checkpointing;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>The run's result is its newest checkpoint, whichever publisher was the last to finish.</summary>
public sealed class CommittedCheckpointTests
{
    [Fact]
    public void A_late_publisher_of_an_aborted_epoch_does_not_become_the_result()
    {
        CommittedCheckpoint third = Of(3), sixth = Of(6), again = Of(6);
        Assert.Same(third, CommittedCheckpoint.Newer(null, third));
        Assert.Same(sixth, CommittedCheckpoint.Newer(third, sixth));
        Assert.Same(sixth, CommittedCheckpoint.Newer(sixth, third));
        Assert.Same(again, CommittedCheckpoint.Newer(sixth, again));
    }

    private static CommittedCheckpoint Of(long step) => new(step, 0, [], 0, "", "");
}
