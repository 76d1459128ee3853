using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Checkpoints.Partial;
using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>Which checkpoints of a run with partial ones are complete.</summary>
public sealed class CheckpointOrdersTests
{
    [Theory]
    [InlineData(RecoveryMode.Exact, 3, "cppcppcpp")]
    [InlineData(RecoveryMode.Exact, 1, "ccccccccc")]
    [InlineData(RecoveryMode.Exact, 0, "cpppppppp")]
    [InlineData(RecoveryMode.BoundedStale, 3, "cpppppppp")]
    public void A_run_that_recovers_exactly_has_one_to_go_back_to_every_so_many_checkpoints(RecoveryMode mode, int every, string kinds)
    {
        RunSpec spec = Specs.Run(interval: 5);
        spec = spec with { Recovery = new RecoverySpec { Mode = mode }, Checkpoint = spec.Checkpoint with { Mode = CheckpointMode.Partial, CompleteEvery = every } };
        var state = new CoordinatorState { Spec = spec, KSnapshot = 1, KPersist = 1 };
        string made = "";
        for (int n = 1; n <= kinds.Length; n++)
        {
            CheckpointOrder order = CheckpointOrders.Next(state, last: false);
            made += order.Complete ? "c" : "p";
            state = With(state, order, 5 * n);
        }

        Assert.Equal(kinds, made);
    }

    [Fact]
    public void One_that_was_left_out_or_failed_does_not_put_the_complete_one_off()
    {
        RunSpec spec = Specs.Run(interval: 5);
        spec = spec with { Recovery = new RecoverySpec(), Checkpoint = spec.Checkpoint with { Mode = CheckpointMode.Partial, CompleteEvery = 3 } };
        var state = new CoordinatorState { Spec = spec, KSnapshot = 1, KPersist = 1 };
        state = With(state, CheckpointOrders.Next(state, last: false), 5);
        state = With(state, CheckpointOrders.Next(state, last: false), 15);
        Assert.True(CheckpointOrders.Next(state, last: false).Complete);
    }

    private static CoordinatorState With(CoordinatorState state, CheckpointOrder order, long step)
    {
        CheckpointFacts facts = state.Published.TryGetValue(state.NewestCheckpoint, out CheckpointFacts? before)
            ? before.Next(step, SampleLedger.Empty(1), null, order, PecMask.Parse(state.Spec!.Checkpoint.Mask))
            : CheckpointFacts.Whole(state.Spec!.Model, step, SampleLedger.Empty(1), null);
        return state with { Published = state.Published.SetItem(step, facts), NewestCheckpoint = step };
    }
}
