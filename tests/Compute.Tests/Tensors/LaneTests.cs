using System.Runtime.Intrinsics;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Tensors;

public sealed unsafe class LaneTests
{
    [Fact]
    public void Bf16_rounds_as_libtorch_does_for_every_upper_half_and_the_ties_around_it()
    {
        uint[] low = [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff];
        float[] values = [.. from upper in Enumerable.Range(0, 1 << 16) from l in low select BitConverter.UInt32BitsToSingle(((uint)upper << 16) | l)];
        ushort[] ours = new ushort[values.Length];
        fixed (float* from = values)
        fixed (ushort* to = ours)
        {
            for (int i = 0; i < values.Length; i += 16)
            {
                BFloat16Lanes.Store(to + i, Float32Lanes.Load(from + i));
            }
        }

        using Tensor source = tensor(values);
        using Tensor theirs = source.to(ScalarType.BFloat16);
        ReadOnlySpan<ushort> expected = TensorMemory.Span<ushort>(theirs);
        for (int i = 0; i < values.Length; i++)
        {
            if (float.IsNaN(values[i]))
            {
                Assert.True((ours[i] & 0x7fff) > 0x7f80, $"NaN became {ours[i]:x4}");
            }
            else
            {
                Assert.Equal(expected[i], ours[i]);
            }
        }
    }

    [Fact]
    public void Bf16_loads_exactly()
    {
        ushort[] bits = [.. Enumerable.Range(0, 16).Select(i => (ushort)(0x3f80 + (i * 331)))];
        fixed (ushort* from = bits)
        {
            Vector512<float> lanes = BFloat16Lanes.Load(from);
            for (int i = 0; i < 16; i++)
            {
                Assert.Equal(BitConverter.UInt32BitsToSingle((uint)bits[i] << 16), lanes[i]);
            }
        }
    }

    [Fact]
    public void Exp_sigmoid_and_the_normal_distribution_are_accurate_to_a_few_units_of_the_last_place()
    {
        for (float x = -86; x <= 86; x += 0.0137f)
        {
            Assert.InRange(LaneMath.Exp(Vector512.Create(x))[3] / Math.Exp(x), 1 - 3e-7, 1 + 3e-7);
            Assert.InRange(LaneMath.Sigmoid(Vector512.Create(x))[5] * (1 + Math.Exp(-(double)x)), 1 - 5e-7, 1 + 5e-7);
        }

        using Tensor grid = Arithmetic.Range(2124, ScalarType.Float32).TimesInPlace(0.0113).PlusInPlace(-12);
        using Tensor wide = grid.to(ScalarType.Float64);
        using Tensor root = wide.Times(-Math.Sqrt(0.5));
        using Tensor cdf = special.erfc(root);
        ReadOnlySpan<float> xs = TensorMemory.Span<float>(grid);
        ReadOnlySpan<double> twice = TensorMemory.Span<double>(cdf);
        for (int i = 0; i < xs.Length; i++)
        {
            float phi = LaneMath.NormalCdf(Vector512.Create(xs[i]), out Vector512<float> gauss)[0];
            Assert.InRange(phi - (twice[i] / 2), -1.2e-7, 1.2e-7);
            Assert.InRange(phi / (twice[i] / 2), 1 - 1e-5, 1 + 1e-5); // the far tail carries the rounding of x² / 2
            Assert.InRange(gauss[7] / Math.Exp(-0.5 * xs[i] * xs[i]), 1 - 1e-5, 1 + 1e-5);
        }
    }

    [Fact]
    public void Sums_of_lanes_take_one_fixed_tree()
    {
        float[] x = [.. Enumerable.Range(1, 16).Select(i => 1f / i)];
        float[] eight = [.. Enumerable.Range(0, 8).Select(i => x[i] + x[i + 8])];
        float[] four = [.. Enumerable.Range(0, 4).Select(i => eight[i] + eight[i + 4])];
        Assert.Equal((four[0] + four[1]) + (four[2] + four[3]), LaneMath.Sum(Vector512.Create(x)));
    }
}
