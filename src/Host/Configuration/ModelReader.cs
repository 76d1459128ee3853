using MoeActors.Compute.Models;
using MoeActors.Compute.Specs;

namespace MoeActors.Host.Configuration;

/// <summary>Reads the sections model and layout.</summary>
internal static class ModelReader
{
    /// <summary>The model's shape.</summary>
    public static ModelSpec Model(SettingsReader r)
    {
        ModelSpec model = Shape(r);
        return model with { Moe = model.Moe with { Losses = RoutingReader.Losses(r, model.Moe) } };
    }

    private static ModelSpec Shape(SettingsReader r) => new()
    {
        Name = r.Name("model.name"),
        Style = r.Choice("model.style", ("llama", BlockStyle.Llama), ("gpt2", BlockStyle.Gpt2)),
        Vocabulary = r.Whole("model.vocabulary"),
        Context = r.Whole("model.context"),
        Layers = r.Whole("model.layers"),
        Hidden = r.Whole("model.hidden"),
        Heads = r.Whole("model.heads"),
        KvHeads = r.Whole("model.kv-heads"),
        FeedForward = r.Whole("model.feed-forward"),
        TiedEmbedding = r.Switch("model.tied-embedding"),
        NormEpsilon = r.Number("model.norm-epsilon", 0),
        RopeTheta = r.Number("model.rope-theta", 1),
        InitStd = r.Number("model.init-std", 0),
        Block = new BlockSpec
        {
            Kind = r.Choice("model.block.kind", ("standard", BlockKind.Standard), ("scmoe", BlockKind.ScMoe)),
            Shortcut = r.Choice("model.block.shortcut", ("pos1", ShortcutPosition.Pos1), ("pos2", ShortcutPosition.Pos2), ("pos3", ShortcutPosition.Pos3)),
            Norm = r.Choice("model.block.norm", ("own", ShortcutNorm.Own), ("block", ShortcutNorm.Block)),
            Combine = r.Choice("model.block.combine", ("direct", SharedCombination.Direct), ("cg1", SharedCombination.Cg1), ("cg2", SharedCombination.Cg2)),
        },
        Moe = new MoeSpec
        {
            Experts = r.Whole("model.moe.experts"),
            TopK = r.Whole("model.moe.top-k"),
            ExpertHidden = r.Whole("model.moe.expert-hidden"),
            Every = r.Whole("model.moe.every"),
            First = r.Whole("model.moe.first"),
            GateOrder = r.Choice(
                "model.moe.gate-order", ("softmax-then-top-k", GateOrder.SoftmaxThenTopK), ("top-k-then-softmax", GateOrder.TopKThenSoftmax)),
            NormalizeTopK = r.Switch("model.moe.normalize-top-k"),
            NoisyGate = r.Switch("model.moe.noisy-gate"),
            CapacityFactor = r.Number("model.moe.capacity-factor", 0),
            SharedExperts = r.Whole("model.moe.shared-experts"),
            Gate = RoutingReader.Gate(r),
            CapacityPolicy = RoutingReader.CapacityPolicy(r),
            BalanceLoss = r.Number("model.moe.balance-loss", 0),
            RouterZLoss = r.Number("model.moe.router-z-loss", 0),
        },
    };

    /// <summary>The logical layout.</summary>
    public static LogicalLayout Layout(SettingsReader r) => new()
    {
        Ranks = r.Whole("layout.ranks"),
        ExpertParallel = r.Whole("layout.expert-parallel"),
        ThreadsPerRank = r.Whole("layout.threads-per-rank"),
        ChunkRows = r.Whole("layout.chunk-rows"),
    };
}
