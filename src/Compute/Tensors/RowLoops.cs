using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tensors;

/// <summary>The vector loops behind <see cref="RowKernels"/>, which has checked shapes, types and indices.</summary>
internal static unsafe class RowLoops
{
    public static void Gather(Tensor source, int[] token, Tensor rows)
    {
        long bytes = source.size(1) * source.ElementSize;
        byte* from = TensorMemory.BytePointer(source), to = TensorMemory.BytePointer(rows);
        for (int i = 0; i < token.Length; i++)
        {
            Buffer.MemoryCopy(from + (token[i] * bytes), to + (i * bytes), bytes, bytes);
        }
    }

    /// <summary>acc[token[i]] += weight[i] · y[i]; no weights: all 1.</summary>
    public static void Add(Tensor acc, Tensor y, ReadOnlySpan<int> token, ReadOnlySpan<float> weight)
    {
        int d = (int)y.size(1);
        float* sum = TensorMemory.Pointer<float>(acc);
        if (y.dtype == ScalarType.BFloat16)
        {
            Add<ushort, BFloat16Lanes>(sum, TensorMemory.Pointer<ushort>(y), token, weight, d);
        }
        else
        {
            Add<float, Float32Lanes>(sum, TensorMemory.Pointer<float>(y), token, weight, d);
        }
    }

    public static void CombineBackward(Tensor dOut, ReadOnlySpan<int> token, ReadOnlySpan<float> weight, Tensor y, Tensor dy, Span<float> dWeight)
    {
        int d = (int)y.size(1);
        if (y.dtype == ScalarType.Float32 && dOut.dtype == ScalarType.Float32)
        {
            CombineBackward<float, Float32Lanes, float, Float32Lanes>(
                TensorMemory.Pointer<float>(dOut), token, weight, TensorMemory.Pointer<float>(y), TensorMemory.Pointer<float>(dy), dWeight, d);
        }
        else if (y.dtype == ScalarType.Float32)
        {
            CombineBackward<ushort, BFloat16Lanes, float, Float32Lanes>(
                TensorMemory.Pointer<ushort>(dOut), token, weight, TensorMemory.Pointer<float>(y), TensorMemory.Pointer<float>(dy), dWeight, d);
        }
        else if (dOut.dtype == ScalarType.Float32)
        {
            CombineBackward<float, Float32Lanes, ushort, BFloat16Lanes>(
                TensorMemory.Pointer<float>(dOut), token, weight, TensorMemory.Pointer<ushort>(y), TensorMemory.Pointer<ushort>(dy), dWeight, d);
        }
        else
        {
            CombineBackward<ushort, BFloat16Lanes, ushort, BFloat16Lanes>(
                TensorMemory.Pointer<ushort>(dOut), token, weight, TensorMemory.Pointer<ushort>(y), TensorMemory.Pointer<ushort>(dy), dWeight, d);
        }
    }

    private static void Add<T, TLanes>(float* acc, T* y, ReadOnlySpan<int> token, ReadOnlySpan<float> weight, int d)
        where T : unmanaged
        where TLanes : ILanes<T>
    {
        for (int i = 0; i < token.Length; i++, y += d)
        {
            float* row = acc + ((long)token[i] * d);
            Vector512<float> w = Vector512.Create(weight.IsEmpty ? 1f : weight[i]);
            for (int c = 0; c < d; c += 16)
            {
                LaneMath.Fma(w, TLanes.Load(y + c), Vector512.Load(row + c)).Store(row + c);
            }
        }
    }

    private static void CombineBackward<TOut, TOutLanes, T, TLanes>(
        TOut* dOut, ReadOnlySpan<int> token, ReadOnlySpan<float> weight, T* y, T* dy, Span<float> dWeight, int d)
        where TOut : unmanaged
        where TOutLanes : ILanes<TOut>
        where T : unmanaged
        where TLanes : ILanes<T>
    {
        for (int i = 0; i < token.Length; i++, y += d, dy += d)
        {
            TOut* row = dOut + ((long)token[i] * d);
            Vector512<float> w = Vector512.Create(weight[i]), dot = Vector512<float>.Zero;
            for (int c = 0; c < d; c += 16)
            {
                Vector512<float> g = TOutLanes.Load(row + c);
                dot = LaneMath.Fma(g, TLanes.Load(y + c), dot);
                TLanes.Store(dy + c, w * g);
            }

            dWeight[i] = LaneMath.Sum(dot);
        }
    }
}
