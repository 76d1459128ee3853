using MoeActors.Actors.Checkpointing;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Data;
using MoeActors.Compute.Models;
using MoeActors.Compute.Tensors;
using MoeActors.Host.Configuration;
using MoeActors.Host.Reports;

namespace MoeActors.Host.Runs;

/// <summary>Text from a checkpoint.</summary>
internal static class Sampling
{
    /// <summary>Generates from checkpoint <paramref name="step"/> (null = newest), piece by piece.</summary>
    public static IEnumerable<string> Generate(RunSpec spec, CheckpointStore store, long? step, GenerationSettings how)
    {
        Manifest manifest = (step is { } s ? store.Open(s) : store.Newest())
            ?? throw new CheckpointException($"{store.Location}: there is no checkpoint yet; train the run first (moe resume)");
        manifest.Demand(Manifests.IdentityOf(spec));
        ITokenizer tokenizer = Tokenizers.Open(spec.Data.TokenizerPlace);
        // Small products lose more to the threads than they gain.
        ThreadSettings.Apply(spec.Model.Hidden < 512 ? 1 : Environment.ProcessorCount);
        MatmulPrecision.Set(spec.Training.Matmul);
        using var weights = InferenceWeights.Load(spec, store, manifest);
        using var generator = new TextGenerator(spec, weights.Dense, weights.Experts);
        IReadOnlyList<int> prompt = tokenizer.Encode(how.Prompt);
        var decoder = System.Text.Encoding.UTF8.GetDecoder();
        char[] characters = new char[256];
        foreach (int token in generator.Generate(prompt, how.Tokens, new SamplingSpec { Temperature = how.Temperature, TopK = how.TopK, Seed = how.Seed }))
        {
            // One token may hold only part of a character.
            int count = decoder.GetChars(tokenizer.DecodeBytes([token]), characters, flush: false);
            if (count > 0)
            {
                yield return new string(characters, 0, count);
            }
        }
    }

    /// <summary>The sample at the end of a run; what cannot be generated is said in one line and never fails the run.</summary>
    public static GeneratedSample? FromNewest(RunSpec spec, CheckpointStore store, GenerationSettings how, TextWriter error)
    {
        try
        {
            return new GeneratedSample(how.Prompt, string.Concat(Generate(spec, store, null, how)));
        }
        catch (Exception e) when (e is CheckpointException or CorpusException or IOException or LibTorchException)
        {
            error.WriteLine($"moe: no sample of text: {e.Message}");
            return null;
        }
    }
}
