using MoeActors.Compute.Models;
using MoeActors.Compute.Specs;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Models;

/// <summary>Runs small enough for tests, and text-like batches for them.</summary>
internal static class TinyRun
{
    public const int Vocabulary = 48, Context = 16;

    public static MoeSpec Moe { get; } = new() { Experts = 4, TopK = 2, ExpertHidden = 48, Every = 1 };

    public static RunSpec Spec(
        BlockStyle style = BlockStyle.Llama, MoeSpec? moe = null, int ranks = 4, int expertParallel = 4, int micro = 1, Precision precision = Precision.Float32, int chunkRows = 12)
    {
        set_num_threads(1);
        return new RunSpec
        {
            RunId = "tiny",
            Model = new ModelSpec
            {
                Name = "tiny",
                Style = style,
                Vocabulary = Vocabulary,
                Context = Context,
                Layers = 3,
                Hidden = 32,
                Heads = 4,
                KvHeads = style == BlockStyle.Llama ? 2 : 4,
                FeedForward = 64,
                TiedEmbedding = style == BlockStyle.Gpt2,
                InitStd = 0.1,
                Moe = (moe ?? Moe) with { First = 1 },
            },
            Layout = new LogicalLayout { Ranks = ranks, ExpertParallel = expertParallel, ChunkRows = chunkRows },
            Training = new TrainingSpec
            {
                Steps = 100,
                GlobalBatch = 2 * ranks * micro,
                MicroBatches = micro,
                WarmupSteps = 0,
                LearningRate = 2e-3,
                MinLearningRate = 2e-3,
                Precision = precision,
                Seed = 7,
            },
            Data = new DataSpec { Paths = [] },
            Nodes = 1,
        };
    }

    /// <summary>Tokens int64 [RankBatch, Context+1] that mostly follow a fixed rule, so that there is something to learn. The caller owns them.</summary>
    public static Func<long, int, int, Tensor> Batches(RunSpec spec) => (step, rank, micro) =>
    {
        var random = new Random((int)((((step * 31) + rank) * 17) + micro + 1));
        long[] tokens = new long[spec.RankBatch * (Context + 1)];
        for (int i = 0; i < tokens.Length; i++)
        {
            tokens[i] = i % (Context + 1) == 0 || random.Next(5) == 0 ? random.Next(Vocabulary) : ((tokens[i - 1] * 5) + 3) % Vocabulary;
        }

        using Tensor flat = tensor(tokens);
        return flat.view(spec.RankBatch, Context + 1);
    };
}
