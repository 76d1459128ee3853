using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Tests.Cluster;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Checkpointing;

/// <summary>Found by the simulation (seed 174): a recovery right after a bounded-stale one took the stale experts for live ones of the recovery point and reported no lost tokens.</summary>
public sealed class LiveStateTests
{
    private static readonly RunSpec Full = Specs.Run() with { Layout = new LogicalLayout { Ranks = 4, ExpertParallel = 4 } };
    private static readonly RunSpec Partial = Full with { Checkpoint = Full.Checkpoint with { Mode = CheckpointMode.Partial } };

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public void With_partial_checkpoints_state_that_was_restored_and_not_computed_since_is_restored_again(bool restored, bool live) =>
        Assert.Equal(live, LiveState.MayStay(Partial, restored));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void With_full_checkpoints_and_in_exact_mode_it_stays(bool restored)
    {
        Assert.True(LiveState.MayStay(Full, restored));
        Assert.True(LiveState.MayStay(Partial with { Recovery = new RecoverySpec() }, restored));
    }

    [Fact]
    public void With_replicas_and_partial_checkpoints_nothing_is_live() =>
        Assert.False(LiveState.MayStay(Partial with { Layout = new LogicalLayout { Ranks = 4, ExpertParallel = 2 } }, restored: false));
}
