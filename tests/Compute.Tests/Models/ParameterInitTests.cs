using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;

namespace MoeActors.Compute.Tests.Models;

/// <summary>Initial weights.</summary>
public sealed class ParameterInitTests
{
    private static readonly ModelSpec Model = TinyRun.Spec(BlockStyle.Gpt2, TinyRun.Moe with { NoisyGate = true }).Model with { Hidden = 64, InitStd = 0.02 };

    private static float[] Fill(ModelSpec model, long seed, ParameterEntry entry)
    {
        using torch.Tensor view = torch.empty(entry.Shape);
        ParameterInit.Fill(model, seed, entry, view);
        return view.data<float>().ToArray();
    }

    [Fact]
    public void A_weight_depends_on_seed_and_name_alone()
    {
        ParameterEntry alone = ParameterLayout.Experts(Model, 1, 2, 1)["layers.1.experts.2.w1"];
        ParameterEntry among = ParameterLayout.Experts(Model, 1, 0, 4)["layers.1.experts.2.w1"];
        ParameterEntry other = ParameterLayout.Experts(Model, 1, 0, 4)["layers.1.experts.1.w1"];
        Assert.NotEqual(alone.Offset, among.Offset);
        Assert.Equal(Fill(Model, 1, alone), Fill(Model, 1, among));
        Assert.NotEqual(Fill(Model, 1, alone), Fill(Model, 2, alone));
        Assert.NotEqual(Fill(Model, 1, among), Fill(Model, 1, other));
    }

    [Theory]
    [InlineData("layers.0.ffn.w1", 0.02)]
    [InlineData("layers.0.ffn.w2", 0.02 / 2.449489742783178)] // 1/√(2·3)
    [InlineData("layers.0.attn.o", 0.02 / 2.449489742783178)]
    [InlineData("layers.0.attn.q", 0.02)]
    public void Matrices_are_normal_and_those_into_the_residual_stream_smaller(string name, double deviation)
    {
        float[] values = Fill(Model, 5, ParameterLayout.Dense(Model)[name]);
        double n = values.Length, mean = values.Average(v => (double)v), second = values.Average(v => (double)v * v), fourth = values.Average(v => Math.Pow(v / deviation, 4));
        Assert.InRange(mean, -5 * deviation / Math.Sqrt(n), 5 * deviation / Math.Sqrt(n));
        Assert.InRange(Math.Sqrt(second) / deviation, 0.95, 1.05);
        Assert.InRange(fourth, 2.6, 3.4); // 3 for a normal distribution
    }

    [Theory]
    [InlineData("layers.0.attn_norm", 1f)]
    [InlineData("final_norm", 1f)]
    [InlineData("layers.0.attn_norm.bias", 0f)]
    [InlineData("layers.0.ffn.b1", 0f)]
    [InlineData("layers.1.gate_noise", 0f)]
    public void Norms_are_one_biases_and_noise_zero(string name, float value) =>
        Assert.All(Fill(Model, 5, ParameterLayout.Dense(Model)[name]), v => Assert.Equal(value, v));

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    public void Shards_filled_apart_hold_what_the_parameters_filled_whole_hold(int of)
    {
        ParameterLayout layout = ParameterLayout.Dense(Model);
        using var scope = torch.NewDisposeScope();
        torch.Tensor whole = torch.zeros(layout.Total), pieces = torch.zeros(layout.Total).Fill(9);
        foreach (ParameterEntry entry in layout.Entries)
        {
            ParameterInit.Fill(Model, 3, entry, layout.View(whole, entry));
        }

        for (int i = 0; i < of; i++)
        {
            (long begin, long count) = layout.Shard(i, of);
            ParameterInit.FillRange(Model, 3, layout, begin, pieces.narrow(0, begin, count));
        }

        Assert.Equal(whole.data<float>().ToArray(), pieces.data<float>().ToArray());
    }
}
