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
    public bool AlwaysMeasured => false;

    /// <inheritdoc/>
    public double Coefficient(MoeSpec moe) => moe.RouterZLoss;

    /// <inheritdoc/>
    public Tensor Of(GateOutput gate, RoutingPlan plan)
    {
        ArgumentNullException.ThrowIfNull(gate);
        using DisposeScope scope = NewDisposeScope();
        return gate.Logits.logsumexp(1).Squared().mean().MoveToOuterDisposeScope();
    }
}
