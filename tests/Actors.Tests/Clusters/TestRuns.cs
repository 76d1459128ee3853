using MoeActors.Compute.Data;
using MoeActors.Compute.Models;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Clusters;

/// <summary>Small runs on text written by the test itself.</summary>
internal static class TestRuns
{
    /// <summary>A run of four logical ranks over a text file in <paramref name="folder"/>.</summary>
    public static RunSpec Spec(string folder, int steps = 6, int nodes = 1, Func<RunSpec, RunSpec>? change = null)
    {
        string text = Path.Combine(folder, "text.txt");
        if (!File.Exists(text))
        {
            File.WriteAllText(text, Text(20_000));
        }

        var spec = new RunSpec
        {
            RunId = "test",
            Nodes = nodes,
            Model = new ModelSpec
            {
                Name = "test",
                Context = 16,
                Layers = 2,
                Hidden = 32,
                Heads = 2,
                KvHeads = 2,
                FeedForward = 64,
                Moe = new MoeSpec { Experts = 6, TopK = 2, ExpertHidden = 32 },
            },
            Layout = new LogicalLayout { Ranks = 4, ExpertParallel = 4, ChunkRows = 16 },
            Training = new TrainingSpec { Steps = steps, GlobalBatch = 8, WarmupSteps = 2 },
            Data = new DataSpec { Paths = [text] },
            Checkpoint = new CheckpointSpec { Interval = 3 },
            Evaluation = new EvaluationSpec { FinalMaxSequences = 16 },
        };
        spec = change?.Invoke(spec) ?? spec;
        ITokenizer tokenizer = Tokenizers.Open(spec.Data.Tokenizer);
        using Corpus corpus = Corpus.Open(spec.Data, tokenizer, spec.Model.Context);
        return spec with { Data = spec.Data with { CorpusHash = corpus.Hash, TokenizerHash = tokenizer.Hash } };
    }

    private static string Text(int length)
    {
        string[] words = ["expert", "rank", "token", "the", "a", "gate", "chunk", "sends", "computes", "and", "of", "shard"];
        var random = new Random(7);
        var text = new System.Text.StringBuilder();
        while (text.Length < length)
        {
            text.Append(words[random.Next(words.Length)]).Append(random.Next(6) == 0 ? ".\n" : " ");
        }

        return text.ToString();
    }
}
