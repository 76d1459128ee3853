using MoeActors.Compute.Models;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>Run records for what is decided without computing.</summary>
internal static class Specs
{
    /// <summary>A run of four logical ranks.</summary>
    public static RunSpec Run(int steps = 8, int nodes = 2, int interval = 3, int evaluateEvery = 0, int stopAfter = 5) => new()
    {
        RunId = "paper",
        Nodes = nodes,
        Model = new ModelSpec
        {
            Name = "paper",
            Context = 8,
            Layers = 2,
            Hidden = 32,
            Heads = 2,
            KvHeads = 1,
            FeedForward = 48,
            Moe = new MoeSpec { Experts = 6, TopK = 2, ExpertHidden = 40 },
        },
        Layout = new LogicalLayout { Ranks = 4, ExpertParallel = 2 },
        Training = new TrainingSpec { Steps = steps, GlobalBatch = 4, NonFinite = new NonFinitePolicy { StopAfter = stopAfter } },
        Data = new DataSpec { Paths = ["/data/a.txt"], CorpusHash = "c", TokenizerHash = "t" },
        Checkpoint = new CheckpointSpec { Interval = interval },
        Evaluation = new EvaluationSpec { Interval = evaluateEvery },
    };
}
