using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Routing.Losses;

/// <summary>
/// Squared coefficient of variation of the experts' smooth load: the probability that each would be chosen if its own noise were drawn anew, Φ((x_e - the k-th best of the others) / deviation_e), summed over the tokens (Shazeer et al. 2017, appendix A).
/// </summary>
/// <param name="unbiased">Variance over N-1 (Tutel), not N (V-MoE).</param>
public sealed class LoadLoss(bool unbiased) : IAuxiliaryLoss
{
    /// <inheritdoc/>
    public string Name => unbiased ? "load-unbiased" : "load";

    /// <inheritdoc/>
    public string Formula => $"CV²(Σ_t Φ((x - k-th best other)/σ)), variance over {(unbiased ? "N-1" : "N")}";

    /// <inheritdoc/>
    public string Paper => "Shazeer 2017 1701.06538";

    /// <inheritdoc/>
    public double PaperCoefficient => 0.01;

    /// <inheritdoc/>
    public string? Lacks(MoeSpec moe)
    {
        ArgumentNullException.ThrowIfNull(moe);
        return !moe.NoisyGate ? "model.moe.noisy-gate = on" : moe.TopK >= moe.Experts ? "more experts than model.moe.top-k" : null;
    }

    /// <inheritdoc/>
    public Tensor Of(GateOutput gate, RoutingPlan plan, RoutingGroup group)
    {
        ArgumentNullException.ThrowIfNull(gate);
        ArgumentNullException.ThrowIfNull(group);
        using DisposeScope scope = NewDisposeScope();
        return Counts.Variation(Of(gate.Logits, gate.Noisy!, gate.Deviation!, group.Moe.TopK), unbiased).MoveToOuterDisposeScope();
    }

    /// <summary>The smooth load [N], in the graph; the caller's scope owns it.</summary>
    internal static Tensor Of(Tensor clean, Tensor noisy, Tensor deviation, int k)
    {
        (Tensor best, _) = topk(noisy, k + 1, dim: 1); // [t, k+1], descending
        Tensor last = best.narrow(1, k - 1, 1), next = best.narrow(1, k, 1);

        // The k-th best of the others: for one of the k best that is the next one after them.
        Tensor threshold = where(noisy.ge(last), next, last);
        Tensor z = (clean - threshold) / deviation;
        return z.Over(Math.Sqrt(2)).erf().Plus(1).Times(0.5).sum(0L);
    }
}
