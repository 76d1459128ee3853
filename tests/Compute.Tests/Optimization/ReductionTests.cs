using MoeActors.Compute.Optimization;
using MoeActors.Compute.Tensors;
using MoeActors.Compute.Tests.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Optimization;

public sealed class ReductionTests
{
    [Theory]
    [InlineData(1, 5)]
    [InlineData(3, 9000)]
    [InlineData(4, 4096)]
    public void Sums_add_in_the_given_order(int inputs, long count)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[] values = [.. Enumerable.Range(0, inputs).Select(i => Values.Normal(i, ScalarType.Float32, count))];
        float[] expected = TensorMemory.Span<float>(values[0]).ToArray();
        foreach (Tensor v in values[1..])
        {
            float[] add = TensorMemory.Span<float>(v).ToArray();
            expected = [.. expected.Zip(add, (a, b) => a + b)];
        }

        Tensor output = empty(count, dtype: ScalarType.Float32);
        Reduction.Sum(values, output);
        Assert.Equal(expected, TensorMemory.Span<float>(output).ToArray());
        Reduction.Sum(values, values[0]);
        Assert.Equal(expected, TensorMemory.Span<float>(values[0]).ToArray());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(1000)]
    public void The_squared_norm_is_that_of_double_arithmetic(int count)
    {
        using Tensor t = Values.Normal(9, ScalarType.Float32, count);
        double expected = TensorMemory.Span<float>(t).ToArray().Sum(v => (double)v * v);
        Assert.Equal(expected, Reduction.SquaredNorm(t), expected * 1e-14);
    }

    [Theory]
    [InlineData(float.NaN, 3)]
    [InlineData(float.NaN, 32)]
    [InlineData(float.PositiveInfinity, 3)]
    [InlineData(float.NegativeInfinity, 32)]
    public void What_is_not_finite_shows_in_the_norm(float bad, int at)
    {
        using Tensor t = ones(33, dtype: ScalarType.Float32);
        TensorMemory.Span<float>(t)[at] = bad;
        Assert.False(double.IsFinite(Reduction.SquaredNorm(t)));
    }

    [Fact]
    public void Large_finite_numbers_do_not_overflow_the_norm()
    {
        using Tensor t = zeros(64, dtype: ScalarType.Float32).Fill(3e38f);
        Assert.Equal(64 * 9e76, Reduction.SquaredNorm(t), 1e72);
    }
}
