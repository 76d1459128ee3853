using MoeActors.Compute.Specs;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Routing.Losses;

/// <summary>
/// Balance loss N·Σ_e f_e·P_e (Switch eq. 4–6, GShard's ℓ_aux): f_e the share of the choices that went to expert e before drops (a constant), P_e the mean probability. 1 when both are uniform.
/// </summary>
public sealed class BalanceLoss : IAuxiliaryLoss
{
    /// <summary>Its name.</summary>
    public const string Key = "balance";

    /// <inheritdoc/>
    public string Name => Key;

    /// <inheritdoc/>
    public bool AlwaysMeasured => true;

    /// <inheritdoc/>
    public double Coefficient(MoeSpec moe) => moe.BalanceLoss;

    /// <inheritdoc/>
    public Tensor Of(GateOutput gate, RoutingPlan plan)
    {
        ArgumentNullException.ThrowIfNull(gate);
        ArgumentNullException.ThrowIfNull(plan);
        return Of(gate.Scores, plan.Routed, gate.Choices.Count);
    }

    /// <summary>The same by numbers.</summary>
    /// <param name="probabilities">fp32 [t, N], in the graph.</param>
    /// <param name="routed">Choices per expert before drops, [N].</param>
    /// <param name="choices">Their sum c.</param>
    public static Tensor Of(Tensor probabilities, ReadOnlySpan<int> routed, long choices)
    {
        ArgumentNullException.ThrowIfNull(probabilities);
        ArgumentOutOfRangeException.ThrowIfNotEqual(routed.Length, probabilities.size(1), nameof(routed));
        using DisposeScope scope = NewDisposeScope();
        float[] shares = new float[routed.Length];
        double perChoice = (double)routed.Length / (choices * probabilities.size(0)); // N / c for f, 1 / t for P
        for (int e = 0; e < shares.Length; e++)
        {
            shares[e] = (float)(routed[e] * perChoice);
        }

        Tensor f = tensor(shares, dtype: probabilities.dtype, device: probabilities.device); // N·f_e / t
        return (probabilities.sum(0L) * f).sum().MoveToOuterDisposeScope();
    }
}
