using MoeActors.Compute.Inference;

namespace MoeActors.Compute.Tests.Models;

/// <summary>The draw of the next token.</summary>
public sealed class TokenSamplerTests
{
    private static readonly float[] Logits = [0f, MathF.Log(2f), MathF.Log(5f), float.NegativeInfinity];

    private static double[] Shares(SamplingSpec sampling)
    {
        double[] counts = new double[Logits.Length];
        for (int i = 0; i < 20000; i++)
        {
            counts[TokenSampler.Draw(Logits, sampling, i)] += 1.0 / 20000;
        }

        return counts;
    }

    [Fact]
    public void Tokens_are_drawn_by_their_probability()
    {
        double[] shares = Shares(new SamplingSpec { Temperature = 1 });
        Assert.Equal([1.0 / 8, 2.0 / 8, 5.0 / 8, 0], shares, (a, b) => Math.Abs(a - b) < 0.015);
    }

    [Fact]
    public void A_temperature_below_one_sharpens_and_zero_takes_the_best()
    {
        Assert.Equal([1.0 / 30, 4.0 / 30, 25.0 / 30, 0], Shares(new SamplingSpec { Temperature = 0.5 }), (a, b) => Math.Abs(a - b) < 0.015);
        Assert.Equal(1, Shares(new SamplingSpec { Temperature = 0 })[2], 1e-9);
    }

    [Fact]
    public void Only_the_top_k_are_drawn()
    {
        Assert.Equal([0, 2.0 / 7, 5.0 / 7, 0], Shares(new SamplingSpec { Temperature = 1, TopK = 2 }), (a, b) => Math.Abs(a - b) < 0.015);
        Assert.Equal(1, Shares(new SamplingSpec { Temperature = 1, TopK = 1 })[2], 1e-9);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(1, 1)]
    public void What_may_not_be_drawn_never_is_however_likely(double temperature, int topK)
    {
        for (int i = 0; i < 200; i++)
        {
            Assert.InRange(TokenSampler.Draw([1f, 2f, 9f, 9f], new SamplingSpec { Temperature = temperature, TopK = topK }, i, id => id < 2), 0, 1);
        }
    }
}
