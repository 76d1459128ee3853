using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Optimization;

/// <summary>Sums whose order is fixed (DT-1): of gradients over ranks, and of squares for the global norm.</summary>
public static unsafe class Reduction
{
    private const int Block = 4096; // elements summed over all inputs before moving on: 16 KiB stay in the first-level cache

    /// <summary>output = ((inputs[0] + inputs[1]) + inputs[2]) + …, elementwise.</summary>
    /// <param name="inputs">fp32 [n] each, in canonical order, at least one.</param>
    /// <param name="output">fp32 [n], overwritten; may be inputs[0].</param>
    public static void Sum(IReadOnlyList<Tensor> inputs, Tensor output)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(output);
        ArgumentOutOfRangeException.ThrowIfZero(inputs.Count, nameof(inputs));
        long count = output.numel();
        foreach (Tensor input in inputs)
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(input.numel(), count, nameof(inputs));
        }

        if (output.device_type != DeviceType.CPU)
        {
            output.copy_(inputs[0]);
            foreach (Tensor input in inputs.Skip(1))
            {
                output.PlusInPlace(input);
            }

            return;
        }

        float* sum = TensorMemory.Pointer<float>(output);
        float** sources = stackalloc float*[inputs.Count];
        for (int s = 0; s < inputs.Count; s++)
        {
            sources[s] = TensorMemory.Pointer<float>(inputs[s]);
        }

        for (long begin = 0; begin < count; begin += Block)
        {
            int length = (int)Math.Min(Block, count - begin);
            if (sources[0] != sum)
            {
                new ReadOnlySpan<float>(sources[0] + begin, length).CopyTo(new Span<float>(sum + begin, length));
            }

            for (int s = 1; s < inputs.Count; s++)
            {
                Add(sum + begin, sources[s] + begin, length);
            }
        }
    }

    /// <summary>Σ x² in double, lanes and tail in a fixed order; NaN and Inf show in the result. 0 for an empty tensor.</summary>
    /// <param name="values">fp32, contiguous.</param>
    public static double SquaredNorm(Tensor values)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (values.device_type != DeviceType.CPU)
        {
            using DisposeScope scope = NewDisposeScope();
            return values.to(ScalarType.Float64).Squared().sum().item<double>();
        }

        float* x = TensorMemory.Pointer<float>(values);
        long count = values.numel(), i = 0;
        Vector512<double> a = Vector512<double>.Zero, b = a, c = a, d = a; // squares of fp32 are exact in double
        for (; i + 32 <= count; i += 32)
        {
            a = AddSquares(a, x + i);
            b = AddSquares(b, x + i + 8);
            c = AddSquares(c, x + i + 16);
            d = AddSquares(d, x + i + 24);
        }

        Vector512<double> lanes = (a + b) + (c + d);
        double sum = 0;
        for (int lane = 0; lane < 8; lane++)
        {
            sum += lanes[lane];
        }

        for (; i < count; i++)
        {
            sum += (double)x[i] * x[i];
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> AddSquares(Vector512<double> sum, float* x)
    {
        Vector256<float> values = Vector256.Load(x);
        Vector512<double> wide = Avx512F.IsSupported
            ? Avx512F.ConvertToVector512Double(values)
            : Vector512.Create(Vector256.WidenLower(values), Vector256.WidenUpper(values));
        return Vector512.FusedMultiplyAdd(wide, wide, sum);
    }

    private static void Add(float* sum, float* values, int count)
    {
        int i = 0;
        for (; i + 16 <= count; i += 16)
        {
            (Vector512.Load(sum + i) + Vector512.Load(values + i)).Store(sum + i);
        }

        for (; i < count; i++)
        {
            sum[i] += values[i];
        }
    }
}
