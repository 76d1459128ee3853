using MoeActors.Compute.Specs;
using TorchSharp;

namespace MoeActors.Compute.Routing.Losses;

/// <summary>A loss that keeps a router healthy, of one routing group. Stateless.</summary>
public interface IAuxiliaryLoss
{
    /// <summary>Its name in reports and settings.</summary>
    string Name { get; }

    /// <summary>What it computes, on a line.</summary>
    string Formula { get; }

    /// <summary>Where it comes from.</summary>
    string Paper { get; }

    /// <summary>The coefficient of its paper.</summary>
    double PaperCoefficient { get; }

    /// <summary>Its coefficient where it goes with a gate and settings name no losses.</summary>
    double UsualCoefficient(MoeSpec moe) => PaperCoefficient;

    /// <summary>Whether it is computed for who watches even where it is no part of the gradient: only what costs next to nothing.</summary>
    bool AlwaysMeasured => false;

    /// <summary>What a layer lacks for it, as "key = value beside it"; null where nothing.</summary>
    string? Lacks(MoeSpec moe) => null;

    /// <summary>The loss without its coefficient: an fp32 scalar in the graph, the caller's.</summary>
    torch.Tensor Of(GateOutput gate, RoutingPlan plan, RoutingGroup group);
}
