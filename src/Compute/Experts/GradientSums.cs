using System.Runtime.Intrinsics;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Experts;

/// <summary>Adds pieces of weight gradients into the flat gradient: fp32 sums whatever the compute type, in a fixed order (DT-1).</summary>
internal static unsafe class GradientSums
{
    private const int Columns = 4096; // of one block of column sums: 16 KiB of fp32 sums stay in the first-level cache, rows are read in long runs

    /// <summary>gradient += leftᵀ · right.</summary>
    /// <param name="gradient">[m, k], contiguous view of the flat gradient: fp32, or float64 with float64 operands.</param>
    /// <param name="left">[n, m], compute type.</param>
    /// <param name="right">[n, k], compute type.</param>
    public static void AddProduct(Tensor gradient, Tensor left, Tensor right)
    {
        using Tensor leftT = left.t();
        if (left.dtype == gradient.dtype)
        {
            gradient.addmm_(leftT, right, 1, 1);
            return;
        }

        using Tensor product = mm(leftT, right);
        Add(gradient, product);
    }

    /// <summary>gradient += Σ_rows of <paramref name="rows"/> [n, m]; gradient [m].</summary>
    public static void AddColumnSums(Tensor gradient, Tensor rows)
    {
        if (gradient.dtype == ScalarType.Float32 && TensorMemory.CanView(rows))
        {
            if (rows.dtype == ScalarType.BFloat16)
            {
                AddColumnSums<ushort, BFloat16Lanes>(gradient, rows);
                return;
            }

            if (rows.dtype == ScalarType.Float32)
            {
                AddColumnSums<float, Float32Lanes>(gradient, rows);
                return;
            }
        }

        using Tensor sum = rows.sum(dim: 0L, keepdim: false, type: gradient.dtype);
        gradient.PlusInPlace(sum);
    }

    private static void Add(Tensor gradient, Tensor piece)
    {
        if (gradient.dtype != ScalarType.Float32 || piece.dtype != ScalarType.BFloat16 || !TensorMemory.CanView(gradient) || !TensorMemory.CanView(piece))
        {
            gradient.PlusInPlace(piece);
            return;
        }

        float* to = TensorMemory.Pointer<float>(gradient);
        ushort* from = TensorMemory.Pointer<ushort>(piece);
        long count = gradient.numel(), whole = count & ~15L;
        for (long i = 0; i < whole; i += 16)
        {
            (Vector512.Load(to + i) + BFloat16Lanes.Load(from + i)).Store(to + i);
        }

        if (whole < count)
        {
            int rest = (int)(count - whole);
            Vector512<float> sum = PartialLanes.Load<float, Float32Lanes>(to + whole, rest) + PartialLanes.Load<ushort, BFloat16Lanes>(from + whole, rest);
            PartialLanes.Store<float, Float32Lanes>(to + whole, sum, rest);
        }
    }

    private static void AddColumnSums<T, TLanes>(Tensor gradient, Tensor rows)
        where T : unmanaged
        where TLanes : ILanes<T>
    {
        float* total = TensorMemory.Pointer<float>(gradient), sums = stackalloc float[Columns];
        T* data = TensorMemory.Pointer<T>(rows);
        long n = rows.size(0);
        int m = (int)rows.size(1);
        for (int begin = 0; begin < m; begin += Columns)
        {
            int columns = Math.Min(Columns, m - begin), whole = columns & ~15, rest = columns - whole;
            new Span<float>(sums, Columns).Clear();
            for (long r = 0; r < n; r++)
            {
                T* row = data + (r * m) + begin;
                for (int c = 0; c < whole; c += 16)
                {
                    (Vector512.Load(sums + c) + TLanes.Load(row + c)).Store(sums + c);
                }

                if (rest > 0)
                {
                    (Vector512.Load(sums + whole) + PartialLanes.Load<T, TLanes>(row + whole, rest)).Store(sums + whole);
                }
            }

            for (int c = 0; c < columns; c++)
            {
                total[begin + c] += sums[c];
            }
        }
    }
}
