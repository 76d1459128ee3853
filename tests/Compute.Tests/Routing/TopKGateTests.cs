using MoeActors.Compute.Routing;
using MoeActors.Compute.Routing.Gates;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using MoeActors.Compute.Tests.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Routing;

/// <summary>The gate that takes the k best.</summary>
public sealed class TopKGateTests
{
    private static readonly MoeSpec Moe = new() { Experts = 5, TopK = 2, ExpertHidden = 1 };

    [Theory]
    [InlineData(GateOrder.SoftmaxThenTopK, true)]
    [InlineData(GateOrder.SoftmaxThenTopK, false)]
    [InlineData(GateOrder.TopKThenSoftmax, true)]
    public void Weights_and_choices_follow_the_definition(GateOrder order, bool normalize)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = Values.Normal(3, ScalarType.Float32, 7, 5);
        GateOutput output = TopKGate.Select(Moe with { GateOrder = order, NormalizeTopK = normalize }, logits, null, null);
        float[,] g = Rows(logits), weights = Rows(output.Weights.view(7, 2)), probabilities = Rows(output.Scores);
        int[] experts = output.Choices.Expert;
        Assert.Equal(Enumerable.Range(0, 7).SelectMany(t => new[] { t, t }), output.Choices.Token);
        for (int t = 0; t < 7; t++)
        {
            double[] e = [.. Enumerable.Range(0, 5).Select(i => Math.Exp(g[t, i]))];
            int[] best = [.. Enumerable.Range(0, 5).OrderByDescending(i => g[t, i]).Take(2)];
            bool scaled = normalize || order == GateOrder.TopKThenSoftmax; // softmax over the chosen = chosen probabilities scaled to 1
            double whole = scaled ? e[best[0]] + e[best[1]] : e.Sum();
            for (int k = 0; k < 2; k++)
            {
                Assert.Equal(best[k], experts[(t * 2) + k]);
                Assert.Equal(e[best[k]] / whole, weights[t, k], 5);
            }

            for (int i = 0; i < 5; i++)
            {
                Assert.Equal(e[i] / e.Sum(), probabilities[t, i], 5);
            }
        }
    }

    [Theory]
    [InlineData(GateOrder.SoftmaxThenTopK)]
    [InlineData(GateOrder.TopKThenSoftmax)]
    public void Gradients_reach_the_logits_through_weights_and_probabilities(GateOrder order)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = Values.Normal(4, ScalarType.Float32, 6, 5).requires_grad_();
        GateOutput output = TopKGate.Select(Moe with { GateOrder = order }, logits, null, null);
        output.Weights.Squared().sum().Plus(output.Scores.Squared().sum()).backward();
        Assert.True(logits.grad!.abs().max().item<float>() > 0);
    }

    [Fact]
    public void Noise_is_added_to_the_logits_scaled_by_its_deviation()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = Values.Normal(5, ScalarType.Float32, 6, 5), deviation = Values.Normal(6, ScalarType.Float32, 6, 5).abs();
        var noise = new PassNoise(11, 3, 2, 600);
        GateOutput noisy = TopKGate.Select(Moe, logits, deviation, noise);
        Tensor by = GateNoise.Normal(11, 3, 2, 600, 6, 5);
        GateOutput expected = TopKGate.Select(Moe, logits.Plus(by * deviation), null, null);
        Assert.Equal(Values.Bytes(expected.Weights), Values.Bytes(noisy.Weights));
        Assert.Equal(expected.Choices.Expert, noisy.Choices.Expert);
        GateOutput still = TopKGate.Select(Moe, logits, deviation, null);
        Assert.Equal(Values.Bytes(TopKGate.Select(Moe, logits, null, null).Weights), Values.Bytes(still.Weights));
    }

    private static float[,] Rows(Tensor t)
    {
        float[] values = TensorMemory.Span<float>(t.contiguous()).ToArray();
        float[,] rows = new float[t.size(0), t.size(1)];
        Buffer.BlockCopy(values, 0, rows, 0, values.Length * sizeof(float));
        return rows;
    }
}
