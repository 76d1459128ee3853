using MoeActors.Compute.Specs;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Routing.Losses;

/// <summary>
/// Balance loss N·Σ_e f_e·P_e over all choices (Megatron, DeepSeek): f_e the share of the choices that went to target e before drops (a constant), P_e the mean probability. 1 when both are uniform.
/// </summary>
public sealed class BalanceLoss : IAuxiliaryLoss
{
    /// <summary>Its name.</summary>
    public const string Key = "balance";

    /// <inheritdoc/>
    public string Name => Key;

    /// <inheritdoc/>
    public string Formula => "N·Σ f·P, f of all choices";

    /// <inheritdoc/>
    public string Paper => "Megatron; DeepSeekMoE 2401.06066";

    /// <inheritdoc/>
    public bool AlwaysMeasured => true;

    /// <inheritdoc/>
    public double PaperCoefficient => 0.01;

    /// <inheritdoc/>
    public double UsualCoefficient(MoeSpec moe) => moe.BalanceLoss;

    /// <inheritdoc/>
    public Tensor Of(GateOutput gate, RoutingPlan plan, RoutingGroup group)
    {
        ArgumentNullException.ThrowIfNull(gate);
        ArgumentNullException.ThrowIfNull(plan);
        return Of(gate.Scores, plan.Routed, gate.Choices.Count);
    }

    /// <summary>The same by numbers.</summary>
    /// <param name="probabilities">fp32 [t, N], in the graph.</param>
    /// <param name="routed">Choices per target before drops, [N].</param>
    /// <param name="choices">Their sum c; of none the loss is 0.</param>
    public static Tensor Of(Tensor probabilities, ReadOnlySpan<int> routed, long choices)
    {
        ArgumentNullException.ThrowIfNull(probabilities);
        ArgumentOutOfRangeException.ThrowIfNotEqual(routed.Length, probabilities.size(1), nameof(routed));
        using DisposeScope scope = NewDisposeScope();
        float[] shares = new float[routed.Length];
        double perChoice = choices == 0 ? 0 : (double)routed.Length / (choices * probabilities.size(0)); // N / c for f, 1 / t for P
        for (int e = 0; e < shares.Length; e++)
        {
            shares[e] = (float)(routed[e] * perChoice);
        }

        Tensor f = tensor(shares, dtype: probabilities.dtype, device: probabilities.device); // N·f_e / t
        return (probabilities.sum(0L) * f).sum().MoveToOuterDisposeScope();
    }
}
