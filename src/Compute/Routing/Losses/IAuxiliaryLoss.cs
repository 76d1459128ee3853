using MoeActors.Compute.Specs;
using TorchSharp;

namespace MoeActors.Compute.Routing.Losses;

/// <summary>A loss that keeps a router healthy, of one routing group. Stateless.</summary>
public interface IAuxiliaryLoss
{
    /// <summary>Its name in reports and settings.</summary>
    string Name { get; }

    /// <summary>What it is multiplied with in training; 0 = no part of the gradient.</summary>
    double Coefficient(MoeSpec moe);

    /// <summary>Whether it is computed for who watches even where its coefficient is 0: only what costs next to nothing.</summary>
    bool AlwaysMeasured { get; }

    /// <summary>The loss without its coefficient: an fp32 scalar in the graph, the caller's.</summary>
    torch.Tensor Of(GateOutput gate, RoutingPlan plan);
}
