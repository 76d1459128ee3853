using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Tensors;

/// <summary>Tensors with known values, and comparisons, for tests.</summary>
internal static class Values
{
    /// <summary>Normal numbers that depend on the seed alone.</summary>
    public static Tensor Normal(int seed, ScalarType type, params long[] shape)
    {
        using Generator generator = new((ulong)seed);
        using Tensor values = randn(shape, dtype: ScalarType.Float64, generator: generator);
        return values.to(type);
    }

    /// <summary>Largest absolute difference, in float64.</summary>
    public static double MaxDifference(Tensor a, Tensor b)
    {
        using DisposeScope scope = NewDisposeScope();
        Assert.Equal(a.shape, b.shape);
        return a.numel() == 0 ? 0 : (a.detach().to(ScalarType.Float64) - b.detach().to(ScalarType.Float64)).abs().max().item<double>();
    }

    /// <summary>Asserts |a - b| ≤ tolerance · max(1, largest |b|).</summary>
    public static void Close(Tensor expected, Tensor actual, double tolerance)
    {
        using DisposeScope scope = NewDisposeScope();
        double scale = expected.numel() == 0 ? 1 : Math.Max(1, expected.detach().to(ScalarType.Float64).abs().max().item<double>());
        Assert.InRange(MaxDifference(expected, actual), 0, tolerance * scale);
    }

    /// <summary>The data's bytes.</summary>
    public static byte[] Bytes(Tensor tensor)
    {
        using Tensor whole = tensor.detach().contiguous();
        return TensorMemory.Bytes(whole, 0, checked((int)TensorMemory.ByteCount(whole))).ToArray();
    }
}
