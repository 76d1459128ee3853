using MoeActors.Compute.Local;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using static TorchSharp.torch;

namespace MoeActors.Bench.Cases;

/// <summary>The step that shares of a step are of: the model of the preset small at 4096 tokens, in one process on one thread.</summary>
internal static class PlainEngine
{
    public static RunSpec Spec { get; } = new()
    {
        RunId = "bench",
        Nodes = 2,
        Model = new ModelSpec
        {
            Name = "small",
            Context = 64,
            Layers = 4,
            Hidden = 128,
            Heads = 4,
            KvHeads = 4,
            FeedForward = 512,
            Moe = new MoeSpec { Experts = 8, TopK = 2, ExpertHidden = 256 },
        },
        Layout = new LogicalLayout { Ranks = 2, ExpertParallel = 2, ChunkRows = 256 },
        Training = new TrainingSpec { Steps = 100_000, GlobalBatch = 64, Precision = Precision.Float32 },
        Data = new DataSpec { Paths = [] },
    };

    /// <summary>The engine, with tokens drawn at random. The process computes on one thread from now on.</summary>
    public static LocalTrainer Start()
    {
        MemoryTuning.KeepFreedMemory();
        ThreadSettings.Apply(1);
        return new LocalTrainer(Spec, (_, _, _) => randint(0, Spec.Model.Vocabulary, [Spec.RankBatch, Spec.Model.Context + 1], ScalarType.Int64));
    }
}
