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

    [Theory]
    [InlineData(ShortcutPosition.Pos1, 2, 1, "attention 0 · feed-forward 0 · dispatch 1 · attention 1 · shared 1 · combine 1 · attention 2 · feed-forward 2 · dispatch 3 · attention 3 · shared 3 · combine 3 · final norm")]
    [InlineData(ShortcutPosition.Pos2, 2, 1, "attention 0 · dispatch 1 · feed-forward 0 · attention 1 · shared 1 · combine 1 · attention 2 · dispatch 3 · feed-forward 2 · attention 3 · shared 3 · combine 3 · final norm")]
    [InlineData(ShortcutPosition.Pos3, 2, 1, "dispatch 1 · attention 0 · feed-forward 0 · attention 1 · shared 1 · combine 1 · dispatch 3 · attention 2 · feed-forward 2 · attention 3 · shared 3 · combine 3 · final norm")]
    [InlineData(ShortcutPosition.Pos1, 1, 2, "attention 0 · feed-forward 0 · attention 1 · feed-forward 1 · dispatch 2 · attention 2 · shared 2 · combine 2 · dispatch 3 · attention 3 · shared 3 · combine 3 · final norm")]
    public void A_shortcut_dispatches_in_the_block_before(ShortcutPosition shortcut, int every, int first, string stages)
    {
        ModelSpec model = Model with { Layers = 4, Block = new BlockSpec { Kind = BlockKind.ScMoe, Shortcut = shortcut }, Moe = Model.Moe with { Every = every, First = first, SharedExperts = 1 } };
        model.Validate();
        var plan = BlockPlan.Of(model);
        Assert.Equal(stages, plan.ToString());
        Assert.All(Enumerable.Range(0, plan.Cuts.Count), cut => Assert.True(plan.IsEarly(cut)));
    }

    [Theory]
    [InlineData(ShortcutPosition.Pos2, 1, 1, 1, SharedCombination.Direct, "model.block.shortcut = pos2: expected pos1 with model.moe.every = 1")]
    [InlineData(ShortcutPosition.Pos3, 2, 0, 1, SharedCombination.Direct, "model.block.shortcut = pos3: expected pos1 with model.moe.first = 0")]
    [InlineData(ShortcutPosition.Pos2, 2, 1, 0, SharedCombination.Direct, "model.moe.shared-experts = 0: expected at least 1 with model.block.kind = scmoe")]
    [InlineData(ShortcutPosition.Pos2, 2, 1, 0, SharedCombination.Cg1, "model.block.combine = cg1: expected direct without model.moe.shared-experts")]
    public void Blocks_that_cannot_be_are_refused(ShortcutPosition shortcut, int every, int first, int shared, SharedCombination combine, string start)
    {
        ModelSpec model = Model with { Layers = 4, Block = new BlockSpec { Kind = BlockKind.ScMoe, Shortcut = shortcut, Combine = combine }, Moe = Model.Moe with { Every = every, First = first, SharedExperts = shared } };
        Assert.StartsWith(start, Assert.Throws<SpecException>(model.Validate).Message, StringComparison.Ordinal);
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
