using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace MoeActors.Compute.Tensors;

/// <summary>
/// Elementary functions on 16 fp32 lanes, from correctly rounded operations alone (add, multiply, fused multiply-add, divide):
/// the same bits on every machine. Relative errors are within a few units of the last place of fp32.
/// </summary>
internal static class LaneMath
{
    private const float Log2E = 1.44269504f, Ln2High = 0.693359375f, Ln2Low = -2.12194440e-4f;
    private const float RoundToInteger = 12582912f; // 1.5·2²³: adding it leaves the integer in the low mantissa bits

    /// <summary>eˣ for x within ±87; beyond, the value at the bound (about 1e-38 and 6e37).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        x = Vector512.MinNative(Vector512.MaxNative(x, Vector512.Create(-87f)), Vector512.Create(87f));
        Vector512<float> shifted = Fma(x, Vector512.Create(Log2E), Vector512.Create(RoundToInteger));
        Vector512<float> n = shifted - Vector512.Create(RoundToInteger);
        Vector512<float> r = Fma(n, Vector512.Create(-Ln2High), x); // |r| ≤ ln2 / 2
        r = Fma(n, Vector512.Create(-Ln2Low), r);
        Vector512<float> p = Vector512.Create(1f / 5040f);
        p = Fma(p, r, Vector512.Create(1f / 720f));
        p = Fma(p, r, Vector512.Create(1f / 120f));
        p = Fma(p, r, Vector512.Create(1f / 24f));
        p = Fma(p, r, Vector512.Create(1f / 6f));
        p = Fma(p, r, Vector512.Create(0.5f));
        p = Fma(p, r, Vector512<float>.One);
        p = Fma(p, r, Vector512<float>.One);
        return (p.AsInt32() + (shifted.AsInt32() << 23)).AsSingle(); // times 2ⁿ
    }

    /// <summary>1 / (1 + e⁻ˣ).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sigmoid(Vector512<float> x) => Vector512<float>.One / (Vector512<float>.One + Exp(-x));

    /// <summary>
    /// Φ(x), the normal distribution function, and e^(−x²/2) as a by-product. The tail is Φ(−u) = e^(−u²/2)·G(t), t = 1 / (1 + 0.3 u),
    /// u = |x| ≤ 13 (beyond, the tail is below fp32's range), with t·polynomial fitted to G by Chebyshev interpolation: relative error of Φ 5e-8.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> NormalCdf(Vector512<float> x, out Vector512<float> gauss)
    {
        Vector512<float> u = Vector512.MinNative(Vector512.Abs(x), Vector512.Create(13f));
        gauss = Exp(u * u * Vector512.Create(-0.5f));
        Vector512<float> t = Vector512<float>.One / Fma(u, Vector512.Create(0.3f), Vector512<float>.One);
        Vector512<float> g = Vector512.Create(0.00164894241898f);
        g = Fma(g, t, Vector512.Create(0.0287015552899f));
        g = Fma(g, t, Vector512.Create(-0.144881650696f));
        g = Fma(g, t, Vector512.Create(0.19452875829f));
        g = Fma(g, t, Vector512.Create(-0.046974915142f));
        g = Fma(g, t, Vector512.Create(0.126267878394f));
        g = Fma(g, t, Vector512.Create(0.100373343858f));
        g = Fma(g, t, Vector512.Create(0.120704645088f));
        g = Fma(g, t, Vector512.Create(0.119631462597f));
        Vector512<float> tail = gauss * (t * g);
        return Vector512.ConditionalSelect(Vector512.LessThan(x, Vector512<float>.Zero), tail, Vector512<float>.One - tail);
    }

    /// <summary>a·b + c, rounded once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Fma(Vector512<float> a, Vector512<float> b, Vector512<float> c) => Vector512.FusedMultiplyAdd(a, b, c);

    /// <summary>Sum of the 16 lanes in one fixed tree.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector512<float> v)
    {
        Vector256<float> eight = v.GetLower() + v.GetUpper();
        Vector128<float> four = eight.GetLower() + eight.GetUpper();
        return (four[0] + four[1]) + (four[2] + four[3]);
    }
}
