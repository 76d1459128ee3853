using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Experts;

/// <summary>The vector loops behind <see cref="Activation"/>.</summary>
internal static unsafe class ActivationLoops
{
    private const float InverseSqrtTau = 0.398942280401f; // 1 / √(2π)

    public static void Forward(BlockStyle style, Tensor u, Tensor? bias, Tensor h)
    {
        long rows = h.size(0);
        int f = (int)h.size(1);
        if (u.dtype == ScalarType.BFloat16)
        {
            Forward<ushort, BFloat16Lanes>(style, TensorMemory.Pointer<ushort>(u), Bias<ushort>(bias), TensorMemory.Pointer<ushort>(h), rows, f);
        }
        else
        {
            Forward<float, Float32Lanes>(style, TensorMemory.Pointer<float>(u), Bias<float>(bias), TensorMemory.Pointer<float>(h), rows, f);
        }
    }

    public static void Backward(BlockStyle style, Tensor u, Tensor? bias, Tensor dh)
    {
        long rows = dh.size(0);
        int f = (int)dh.size(1);
        if (u.dtype == ScalarType.BFloat16)
        {
            Backward<ushort, BFloat16Lanes>(style, TensorMemory.Pointer<ushort>(u), Bias<ushort>(bias), TensorMemory.Pointer<ushort>(dh), rows, f);
        }
        else
        {
            Backward<float, Float32Lanes>(style, TensorMemory.Pointer<float>(u), Bias<float>(bias), TensorMemory.Pointer<float>(dh), rows, f);
        }
    }

    private static T* Bias<T>(Tensor? bias)
        where T : unmanaged => bias is null ? null : TensorMemory.Pointer<T>(bias);

    private static void Forward<T, TLanes>(BlockStyle style, T* u, T* bias, T* h, long rows, int f)
        where T : unmanaged
        where TLanes : ILanes<T>
    {
        int whole = f & ~15, rest = f - whole;
        if (style == BlockStyle.Llama)
        {
            for (long r = 0; r < rows; r++, u += 2 * f, h += f)
            {
                for (int c = 0; c < whole; c += 16)
                {
                    TLanes.Store(h + c, SwiGlu(TLanes.Load(u + c), TLanes.Load(u + f + c)));
                }

                if (rest > 0)
                {
                    Vector512<float> last = SwiGlu(PartialLanes.Load<T, TLanes>(u + whole, rest), PartialLanes.Load<T, TLanes>(u + f + whole, rest));
                    PartialLanes.Store<T, TLanes>(h + whole, last, rest);
                }
            }

            return;
        }

        for (long r = 0; r < rows; r++, u += f, h += f)
        {
            for (int c = 0; c < whole; c += 16)
            {
                TLanes.Store(h + c, Gelu(TLanes.Load(u + c) + TLanes.Load(bias + c)));
            }

            if (rest > 0)
            {
                Vector512<float> last = Gelu(PartialLanes.Load<T, TLanes>(u + whole, rest) + PartialLanes.Load<T, TLanes>(bias + whole, rest));
                PartialLanes.Store<T, TLanes>(h + whole, last, rest);
            }
        }
    }

    private static void Backward<T, TLanes>(BlockStyle style, T* u, T* bias, T* dh, long rows, int f)
        where T : unmanaged
        where TLanes : ILanes<T>
    {
        int whole = f & ~15, rest = f - whole;
        if (style == BlockStyle.Llama)
        {
            for (long r = 0; r < rows; r++, u += 2 * f, dh += f)
            {
                for (int c = 0; c < whole; c += 16)
                {
                    Vector512<float> h = SwiGluBackward(TLanes.Load(u + c), TLanes.Load(u + f + c), TLanes.Load(dh + c), out Vector512<float> da, out Vector512<float> db);
                    TLanes.Store(u + c, da);
                    TLanes.Store(u + f + c, db);
                    TLanes.Store(dh + c, h);
                }

                if (rest > 0)
                {
                    Vector512<float> h = SwiGluBackward(
                        PartialLanes.Load<T, TLanes>(u + whole, rest), PartialLanes.Load<T, TLanes>(u + f + whole, rest),
                        PartialLanes.Load<T, TLanes>(dh + whole, rest), out Vector512<float> da, out Vector512<float> db);
                    PartialLanes.Store<T, TLanes>(u + whole, da, rest);
                    PartialLanes.Store<T, TLanes>(u + f + whole, db, rest);
                    PartialLanes.Store<T, TLanes>(dh + whole, h, rest);
                }
            }

            return;
        }

        for (long r = 0; r < rows; r++, u += f, dh += f)
        {
            for (int c = 0; c < whole; c += 16)
            {
                Vector512<float> h = GeluBackward(TLanes.Load(u + c) + TLanes.Load(bias + c), TLanes.Load(dh + c), out Vector512<float> da);
                TLanes.Store(u + c, da);
                TLanes.Store(dh + c, h);
            }

            if (rest > 0)
            {
                Vector512<float> a = PartialLanes.Load<T, TLanes>(u + whole, rest) + PartialLanes.Load<T, TLanes>(bias + whole, rest);
                Vector512<float> h = GeluBackward(a, PartialLanes.Load<T, TLanes>(dh + whole, rest), out Vector512<float> da);
                PartialLanes.Store<T, TLanes>(u + whole, da, rest);
                PartialLanes.Store<T, TLanes>(dh + whole, h, rest);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> SwiGlu(Vector512<float> a, Vector512<float> b) => a * LaneMath.Sigmoid(a) * b;

    // h = a·s·b with s = σ(a); dh/da = b·s·(1 + a·(1 - s)); dh/db = a·s
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> SwiGluBackward(Vector512<float> a, Vector512<float> b, Vector512<float> dh, out Vector512<float> da, out Vector512<float> db)
    {
        Vector512<float> s = LaneMath.Sigmoid(a);
        Vector512<float> silu = a * s;
        db = dh * silu;
        da = dh * b * LaneMath.Fma(silu, Vector512<float>.One - s, s);
        return silu * b;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Gelu(Vector512<float> a) => a * LaneMath.NormalCdf(a, out _);

    // h = a·Φ(a); dh/da = Φ(a) + a·φ(a)
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> GeluBackward(Vector512<float> a, Vector512<float> dh, out Vector512<float> da)
    {
        Vector512<float> cdf = LaneMath.NormalCdf(a, out Vector512<float> gauss);
        da = dh * LaneMath.Fma(a * gauss, Vector512.Create(InverseSqrtTau), cdf);
        return a * cdf;
    }
}
