using MoeActors.Compute.Models;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Tests.Models;

/// <summary>
/// The MoC paper's models: 323.6 M parameters in total, and 255.4 M + 1611.6 M. They come out with 2048 learned positions, tied embedding,
/// a gate without bias and noise, biases and LayerNorms as in GPT-2; the second with the vocabulary padded to 50304, a multiple of
/// 128 as Megatron pads it (with 50257 its dense part is 255.3 M), the first with either.
/// </summary>
public sealed class ParameterCountsTests
{
    private static ModelSpec Gpt(int layers, int hidden, int heads, int experts, int vocabulary) => new()
    {
        Name = "gpt",
        Style = BlockStyle.Gpt2,
        Vocabulary = vocabulary,
        Context = 2048,
        Layers = layers,
        Hidden = hidden,
        Heads = heads,
        KvHeads = heads,
        FeedForward = 4 * hidden,
        TiedEmbedding = true,
        Moe = new MoeSpec { Experts = experts, TopK = 1, ExpertHidden = 4 * hidden, Every = 2, First = 1 },
    };

    [Theory]
    [InlineData(50257)]
    [InlineData(50304)]
    public void Gpt_125m_8e_has_323_6_million(int vocabulary)
    {
        ParameterCounts counts = ParameterCounts.Of(Gpt(12, 768, 12, 8, vocabulary));
        Assert.Equal(323.6, Math.Round(counts.Total / 1e6, 1));
        Assert.Equal(6 * 8 * ((2L * 768 * 3072) + 3072 + 768), counts.Experts);
    }

    [Fact]
    public void Gpt_350m_16e_has_255_4_million_and_1611_6_million_in_its_experts()
    {
        ParameterCounts counts = ParameterCounts.Of(Gpt(24, 1024, 16, 16, 50304));
        Assert.Equal(255.4, Math.Round(counts.Dense / 1e6, 1));
        Assert.Equal(1611.6, Math.Round(counts.Experts / 1e6, 1));
        Assert.Equal(counts.Dense + (12 * counts.PerExpert), counts.Active);
        Assert.Equal(255.3, Math.Round(ParameterCounts.Of(Gpt(24, 1024, 16, 16, 50257)).Dense / 1e6, 1));
    }

    [Fact]
    public void Counts_are_those_of_the_layouts()
    {
        foreach (ModelSpec model in new[] { TinyRun.Spec().Model, TinyRun.Spec(BlockStyle.Gpt2, TinyRun.Moe with { SharedExperts = 1, NoisyGate = true }).Model })
        {
            ParameterCounts counts = ParameterCounts.Of(model);
            Assert.Equal(ParameterLayout.Dense(model).Entries.Sum(e => e.Count), counts.Dense);
            Assert.Equal(model.MoeLayers().Sum(l => ParameterLayout.Experts(model, l, 0, model.Moe.Experts).Entries.Sum(e => e.Count)), counts.Experts);
        }
    }
}
