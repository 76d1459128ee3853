using MoeActors.Compute.Inference;
using MoeActors.Compute.Local;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Models;

/// <summary>Text from weights.</summary>
public sealed class TextGeneratorTests
{
    private static TextGenerator Generator(RunSpec spec, LocalTrainer trainer) => new(spec, trainer.Model);

    [Theory]
    [InlineData(BlockStyle.Llama, Precision.Float32)]
    [InlineData(BlockStyle.Gpt2, Precision.BFloat16)]
    public void The_seed_decides_the_text_and_the_context_may_be_passed(BlockStyle style, Precision precision)
    {
        RunSpec spec = TinyRun.Spec(style, precision: precision, expertParallel: 2);
        using var trainer = new LocalTrainer(spec, TinyRun.Batches(spec));
        using TextGenerator generator = Generator(spec, trainer);
        int[] Run(long seed) => [.. generator.Generate([1, 2, 3], TinyRun.Context + 4, new SamplingSpec { Seed = seed, Temperature = 1 })];
        Assert.Equal(Run(1), Run(1));
        Assert.NotEqual(Run(1), Run(2));
        Assert.All(Run(1), t => Assert.InRange(t, 0, TinyRun.Vocabulary - 1));
        Assert.Throws<ArgumentException>(() => generator.Generate([], 1, new SamplingSpec()));
    }

    [Fact]
    public void A_model_that_learned_the_rule_of_the_text_goes_on_by_it()
    {
        RunSpec spec = TinyRun.Spec(ranks: 2, expertParallel: 2);
        spec = spec with { Training = spec.Training with { GlobalBatch = 8, LearningRate = 6e-3, MinLearningRate = 6e-3 } };
        using var trainer = new LocalTrainer(spec, TinyRun.Batches(spec));
        for (int i = 0; i < 60; i++)
        {
            trainer.Step();
        }

        using TextGenerator generator = Generator(spec, trainer);
        int[] prompt = [7, 38, 1, 8];
        int[] text = [.. prompt, .. generator.Generate(prompt, 8, new SamplingSpec { Temperature = 0 })];
        int followed = Enumerable.Range(prompt.Length, 8).Count(i => text[i] == ((text[i - 1] * 5) + 3) % TinyRun.Vocabulary);
        Assert.InRange(followed, 6, 8);
    }
}
