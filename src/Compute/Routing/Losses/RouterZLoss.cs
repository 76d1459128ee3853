using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Routing.Losses;

/// <summary>Router z-loss mean_t (log Σ_e e^{x_te})² (ST-MoE eq. 5): keeps logits small.</summary>
public sealed class RouterZLoss : IAuxiliaryLoss
{
    /// <summary>Its name.</summary>
    public const string Key = "router-z";

    /// <inheritdoc/>
    public string Name => Key;

    /// <inheritdoc/>
    public string Formula => "mean (log Σ e^x)²";

    /// <inheritdoc/>
    public string Paper => "ST-MoE 2202.08906";

    /// <inheritdoc/>
    public double PaperCoefficient => 0.001;

    /// <inheritdoc/>
    public double UsualCoefficient(MoeSpec moe) => moe.RouterZLoss;

    /// <inheritdoc/>
    public Tensor Of(GateOutput gate, RoutingPlan plan, RoutingGroup group)
    {
        ArgumentNullException.ThrowIfNull(gate);
        using DisposeScope scope = NewDisposeScope();
        return gate.Logits.logsumexp(1).Squared().mean().MoveToOuterDisposeScope();
    }
}
