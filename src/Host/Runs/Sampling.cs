using MoeActors.Actors.Checkpointing;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Data;
using MoeActors.Compute.Inference;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;
using MoeActors.Host.Commands;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Runs;

/// <summary>Text from a checkpoint.</summary>
internal static class Sampling
{
    /// <summary>Generates from checkpoint <paramref name="step"/> (null = the newest that can be read; <paramref name="say"/> is told of one that cannot), piece by piece.</summary>
    public static IEnumerable<string> Generate(RunSpec spec, CheckpointStore store, long? step, GenerationSettings how, Action<string> say)
    {
        TextGenerator.RequireCausal(spec.Model.Moe);
        Manifest manifest = ChosenCheckpoint.Of(store, step, say)
            ?? throw new CheckpointException($"{store.Location}: there is no checkpoint yet; train the run first (moe resume)");
        manifest.Demand(RunIdentity.Of(spec));
        ITokenizer tokenizer = Tokenizers.Open(spec.Data.TokenizerPlace);
        if (spec.Data.TokenizerHash is { Length: > 0 } trained && trained != tokenizer.Hash)
        {
            throw new CorpusException($"{spec.Data.TokenizerPlace}: another tokenizer than the run was trained with (hash {tokenizer.Hash}, expected {trained}): restore its files");
        }

        TextGenerator.Prepare(spec);
        using ModelWeights weights = Load(spec, store, manifest);
        using var generator = new TextGenerator(spec, weights);
        var text = new TokenText(tokenizer);
        var sampling = new SamplingSpec { Temperature = how.Temperature, TopK = how.TopK, Seed = how.Seed };
        foreach (int token in generator.Generate(tokenizer.Encode(how.Prompt), how.Tokens, sampling, tokenizer.HasText))
        {
            if (text.Next(token) is { Length: > 0 } piece)
            {
                yield return piece;
            }
        }
    }
    private static ModelWeights Load(RunSpec spec, CheckpointStore store, Manifest manifest)
    {
        using var reader = new CheckpointReader(store.Storage, manifest);
        return CheckpointWeights.Load(spec, reader);
    }
}
