using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Sharding;
using MoeActors.Compute.Models;
using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Tests.Checkpoints.Sharding;

/// <summary>The MoC paper's GPT-350M-16E: 255.4 M dense parameters, 1611.6 M in 12 layers of 16 experts; bf16 with fp32 master.</summary>
internal static class Gpt350M
{
    public static ModelSpec Model { get; } = new()
    {
        Name = "gpt-350m-16e",
        Style = BlockStyle.Gpt2,
        Vocabulary = 50304,
        Context = 2048,
        Layers = 24,
        Hidden = 1024,
        Heads = 16,
        KvHeads = 16,
        FeedForward = 4096,
        TiedEmbedding = true,
        Moe = new MoeSpec { Experts = 16, TopK = 1, ExpertHidden = 4096, Every = 2, First = 1 },
    };

    /// <summary>WO as the paper measures it: of experts not selected only the fp32 master is saved.</summary>
    public static bool MasterAlways(string slot) => slot == Slots.Master;

    /// <summary>Equation 6: nothing is saved of experts not selected.</summary>
    public static bool Nothing(string slot) => slot.Length == 0;

    public static LogicalLayout Layout(int ranks, int expertParallel) => new() { Ranks = ranks, ExpertParallel = expertParallel };

    public static RotationPlan Rotation(int ranks, int expertParallel, ShardingMode mode, int k, Func<string, bool> savesUnselected) =>
        RotationPlan.Of(Model, Layout(ranks, expertParallel), Precision.BFloat16, mode, k, savesUnselected);
}
