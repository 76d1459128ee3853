using MoeActors.Compute.Specs;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Routing.Losses;

/// <summary>Squared coefficient of variation of the experts' importance, the sum of the weights each is given (Shazeer et al. 2017, eq. 6 and 7).</summary>
/// <param name="unbiased">Variance over N-1 (Tutel), not N (V-MoE).</param>
public sealed class ImportanceLoss(bool unbiased) : IAuxiliaryLoss
{
    /// <inheritdoc/>
    public string Name => unbiased ? "importance-unbiased" : "importance";

    /// <inheritdoc/>
    public string Formula => $"CV²(Σ_t weights), variance over {(unbiased ? "N-1" : "N")}";

    /// <inheritdoc/>
    public string Paper => "Shazeer 2017 1701.06538";

    /// <inheritdoc/>
    public double PaperCoefficient => 0.01;

    /// <inheritdoc/>
    public string? Lacks(MoeSpec moe) => moe?.Experts == 1 ? "two experts or more" : null;

    /// <inheritdoc/>
    public Tensor Of(GateOutput gate, RoutingPlan plan, RoutingGroup group)
    {
        ArgumentNullException.ThrowIfNull(gate);
        using DisposeScope scope = NewDisposeScope();
        Tensor expert = tensor(Array.ConvertAll(gate.Choices.Expert, e => (long)e), device: gate.Weights.device);
        Tensor importance = zeros(gate.Scores.size(1), gate.Weights.dtype, gate.Weights.device).scatter_add(0, expert, gate.Weights);
        return Counts.Variation(importance, unbiased).MoveToOuterDisposeScope();
    }
}
