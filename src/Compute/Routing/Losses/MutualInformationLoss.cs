using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Routing.Losses;

/// <summary>The negative mutual information of tokens and experts, H(p | token) - H(p): low where each token is sure and all experts are used alike.</summary>
public sealed class MutualInformationLoss : IAuxiliaryLoss
{
    /// <inheritdoc/>
    public string Name => "mutual-information";

    /// <inheritdoc/>
    public string Formula => "mean H(p) - H(mean p)";

    /// <inheritdoc/>
    public string Paper => "Mod-Squad 2212.08066";

    /// <inheritdoc/>
    public double PaperCoefficient => 0.001;

    /// <inheritdoc/>
    public Tensor Of(GateOutput gate, RoutingPlan plan, RoutingGroup group)
    {
        ArgumentNullException.ThrowIfNull(gate);
        using DisposeScope scope = NewDisposeScope();
        return (Entropy(gate.Scores).mean() - Entropy(gate.Scores.mean([0L]).unsqueeze(0)).sum()).MoveToOuterDisposeScope();
    }

    // Of each row of [n, N]: [n].
    private static Tensor Entropy(Tensor p) => (p * p.Plus(1e-20).log()).sum(1).neg();
}
