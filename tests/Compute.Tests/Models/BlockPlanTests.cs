using MoeActors.Compute.Models;
using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Tests.Models;

/// <summary>What a pass does, in order.</summary>
public sealed class BlockPlanTests
{
    private static readonly ModelSpec Model = TinyRun.Spec().Model;

    [Fact]
    public void A_block_with_experts_dispatches_after_its_attention_and_combines_at_its_end_its_shared_experts_between()
    {
        ModelSpec shared = Model with { Layers = 3, Moe = Model.Moe with { First = 1, Every = 2, SharedExperts = 1 } };
        var plan = BlockPlan.Of(shared);
        Assert.Equal("attention 0 · feed-forward 0 · attention 1 · dispatch 1 · shared 1 · combine 1 · attention 2 · feed-forward 2 · final norm", plan.ToString());
        Assert.Equal([1], plan.Cuts);
        Assert.DoesNotContain(BlockPlan.Of(shared with { Moe = shared.Moe with { SharedExperts = 0 } }).Stages, s => s.Kind == StageKind.Shared);
    }

    [Fact]
    public void Every_cut_is_begun_and_ended_once_in_order_and_names_its_block()
    {
        var plan = BlockPlan.Of(Model with { Layers = 4, Moe = Model.Moe with { First = 0, Every = 1 } });
        Assert.Equal([0, 1, 2, 3], plan.Cuts);
        Assert.Equal([0, 0, 1, 1, 2, 2, 3, 3], plan.Stages.Where(s => s.Cut >= 0).Select(s => s.Cut));
        Assert.All(plan.Stages.Where(s => s.Cut >= 0), s => Assert.Equal(plan.Cuts[s.Cut], s.Block));
    }
}
