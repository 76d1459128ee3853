using MoeActors.Compute.Routing;
using MoeActors.Compute.Tensors;
using MoeActors.Compute.Tests.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Routing;

public sealed class GateNoiseTests
{
    [Fact]
    public void Moments_are_those_of_the_normal_distribution()
    {
        using Tensor noise = GateNoise.Normal(1, 2, 3, 0, 20000, 8);
        float[] x = TensorMemory.Span<float>(noise).ToArray();
        double Moment(int p) => x.Average(v => Math.Pow(v, p));
        Assert.InRange(Moment(1), -0.01, 0.01);
        Assert.InRange(Moment(2), 0.985, 1.015);
        Assert.InRange(Moment(3), -0.04, 0.04);
        Assert.InRange(Moment(4), 2.92, 3.08);
        double neighbours = Enumerable.Range(0, x.Length - 1).Average(i => (double)x[i] * x[i + 1]);
        Assert.InRange(neighbours, -0.01, 0.01);
    }

    [Fact]
    public void A_token_draws_the_same_wherever_its_batch_is_cut()
    {
        using Tensor whole = GateNoise.Normal(5, 7, 1, 1000, 10, 4);
        using Tensor tail = GateNoise.Normal(5, 7, 1, 1006, 4, 4);
        using Tensor end = whole.narrow(0, 6, 4);
        Assert.Equal(Values.Bytes(end), Values.Bytes(tail));
    }

    [Fact]
    public void Seed_step_layer_and_token_each_change_it()
    {
        Tensor[] all =
        [
            GateNoise.Normal(5, 7, 1, 0, 3, 4), GateNoise.Normal(6, 7, 1, 0, 3, 4), GateNoise.Normal(5, 8, 1, 0, 3, 4),
            GateNoise.Normal(5, 7, 2, 0, 3, 4), GateNoise.Normal(5, 7, 1, 3, 3, 4),
        ];
        Assert.Equal(all.Length, all.Select(t => Convert.ToHexString(Values.Bytes(t))).Distinct().Count());
        foreach (Tensor t in all)
        {
            t.Dispose();
        }
    }
}
