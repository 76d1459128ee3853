using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Routing;

/// <summary>The losses that keep a router healthy. Each returns an fp32 scalar in the graph, owned by the caller; coefficients are the caller's.</summary>
public static class AuxiliaryLoss
{
    /// <summary>
    /// Balance loss N·Σ_e f_e·P_e (Switch eq. 4–6, GShard's ℓ_aux): f_e the share of the t·k choices that went to expert e before drops (a constant),
    /// P_e the mean probability. 1 when both are uniform.
    /// </summary>
    /// <param name="probabilities">fp32 [t, N], in the graph.</param>
    /// <param name="routed">Choices per expert before drops, [N].</param>
    /// <param name="topK">k.</param>
    public static Tensor Balance(Tensor probabilities, ReadOnlySpan<int> routed, int topK)
    {
        ArgumentNullException.ThrowIfNull(probabilities);
        ArgumentOutOfRangeException.ThrowIfNotEqual(routed.Length, probabilities.size(1), nameof(routed));
        using DisposeScope scope = NewDisposeScope();
        float[] shares = new float[routed.Length];
        double perChoice = (double)routed.Length / (probabilities.size(0) * topK * probabilities.size(0)); // N / (t·k) for f, 1 / t for P
        for (int e = 0; e < shares.Length; e++)
        {
            shares[e] = (float)(routed[e] * perChoice);
        }

        Tensor f = tensor(shares, dtype: probabilities.dtype, device: probabilities.device); // N·f_e / t
        return (probabilities.sum(0L) * f).sum().MoveToOuterDisposeScope();
    }

    /// <summary>Router z-loss mean_t (log Σ_e e^{x_te})² (ST-MoE eq. 5): keeps logits small.</summary>
    /// <param name="logits">fp32 [t, N], in the graph.</param>
    public static Tensor RouterZ(Tensor logits)
    {
        ArgumentNullException.ThrowIfNull(logits);
        using DisposeScope scope = NewDisposeScope();
        return logits.logsumexp(1).Squared().mean().MoveToOuterDisposeScope();
    }
}
