using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Experts;

/// <summary>
/// The pointwise part of an expert. SwiGLU (Shazeer 2020): u = [a | b] = x [W1 | W3]ᵀ, h = SiLU(a) ⊙ b. GELU, the exact form with erf: u = x W1ᵀ, h = (u + b1)·Φ(u + b1).
/// Backward works in place and rebuilds h, so that a pass keeps u alone between forward and backward.
/// fp32 and bf16 on the CPU are one fused pass in fp32 arithmetic, rounded once; other devices and float64 take libtorch.
/// </summary>
internal static class Activation
{
    /// <summary>h ← act(u).</summary>
    /// <param name="style">Llama: SwiGLU; Gpt2: GELU.</param>
    /// <param name="u">[n, 2f] (SwiGLU) or [n, f] (GELU), without the bias.</param>
    /// <param name="bias">[f] of the type of u (GELU), else null.</param>
    /// <param name="h">[n, f], overwritten.</param>
    public static void Forward(BlockStyle style, Tensor u, Tensor? bias, Tensor h)
    {
        if (IsFast(u, h))
        {
            ActivationLoops.Forward(style, u, bias, h);
            return;
        }

        using DisposeScope scope = NewDisposeScope();
        if (style == BlockStyle.Llama)
        {
            long f = h.size(1);
            h.copy_(nn.functional.silu(u.narrow(1, 0, f)) * u.narrow(1, f, f));
        }
        else
        {
            h.copy_(nn.functional.gelu(u.Plus(bias!)));
        }
    }

    /// <summary>u ← du and dh ← h, where dh comes in as the gradient of h.</summary>
    public static void Backward(BlockStyle style, Tensor u, Tensor? bias, Tensor dh)
    {
        if (IsFast(u, dh))
        {
            ActivationLoops.Backward(style, u, bias, dh);
            return;
        }

        using DisposeScope scope = NewDisposeScope();
        if (style == BlockStyle.Llama)
        {
            long f = dh.size(1);
            Tensor a = u.narrow(1, 0, f), b = u.narrow(1, f, f);
            Tensor s = a.sigmoid(), silu = a * s;
            Tensor h = silu * b;
            Tensor da = dh * b * s * (a * s.neg().Plus(1)).Plus(1);
            b.copy_(dh * silu);
            a.copy_(da);
            dh.copy_(h);
        }
        else
        {
            Tensor a = u.Plus(bias!);
            Tensor cdf = a.Times(Math.Sqrt(0.5)).erf().Plus(1).Times(0.5);
            Tensor slope = cdf.Plus((a * (a.Times(-0.5) * a).exp()).Times(1 / Math.Sqrt(Math.Tau)));
            u.copy_(dh * slope);
            dh.copy_(a * cdf);
        }
    }

    private static bool IsFast(Tensor u, Tensor h) =>
        u.dtype is ScalarType.Float32 or ScalarType.BFloat16 && u.dtype == h.dtype && TensorMemory.CanView(u) && TensorMemory.CanView(h);
}
