using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Tests.Models;

/// <summary>A run for each way in which the parts of a block can be connected: models of four blocks.</summary>
internal static class BlockCases
{
    private static readonly BlockSpec Standard = new(), Shortcut = new() { Kind = BlockKind.ScMoe };

    public static IReadOnlyDictionary<string, RunSpec> Specs { get; } = new Dictionary<string, RunSpec>
    {
        ["shared expert, CG-1"] = Of(Standard with { Combine = SharedCombination.Cg1 }),
        ["shared expert, CG-2, micro-batches"] = Of(Standard with { Combine = SharedCombination.Cg2 }, micro: 2),
        ["ScMoE Pos-1"] = Of(Shortcut with { Shortcut = ShortcutPosition.Pos1 }),
        ["ScMoE Pos-1 in every block, CG-1, gpt-2"] = Of(Shortcut with { Shortcut = ShortcutPosition.Pos1, Combine = SharedCombination.Cg1 }, BlockStyle.Gpt2, every: 1, first: 0),
        ["ScMoE Pos-2"] = Of(Shortcut),
        ["ScMoE Pos-2, CG-1, two groups"] = Of(Shortcut with { Combine = SharedCombination.Cg1 }, expertParallel: 1),
        ["ScMoE Pos-2, CG-2, the block's norm, micro-batches, gpt-2"] = Of(Shortcut with { Norm = ShortcutNorm.Block, Combine = SharedCombination.Cg2 }, BlockStyle.Gpt2, micro: 2),
        ["ScMoE Pos-3, CG-2, drops"] = Of(Shortcut with { Shortcut = ShortcutPosition.Pos3, Combine = SharedCombination.Cg2 }, capacity: 1.25),
        ["ScMoE-2"] = Of(Shortcut, k: 2),
    };

    /// <summary>One routed expert for each token, or k, beside a shared one.</summary>
    public static RunSpec Of(BlockSpec block, BlockStyle style = BlockStyle.Llama, int k = 1, int every = 2, int first = 1, double capacity = 0, int micro = 1, int expertParallel = 2)
    {
        RunSpec spec = TinyRun.Spec(style, ranks: 2, expertParallel: expertParallel, micro: micro, chunkRows: 5);
        MoeSpec moe = TinyRun.Moe with { TopK = k, NormalizeTopK = k > 1, SharedExperts = 1, Every = every, First = first, CapacityFactor = capacity, RouterZLoss = 0.01 };
        return spec with { Model = spec.Model with { Layers = 4, Block = block, Moe = moe } };
    }
}
