using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Routing.Gates;

/// <summary>The gates there are.</summary>
public static class GateCatalogue
{
    /// <summary>The gate of a model's MoE layers.</summary>
    public static IGate Of(MoeSpec moe) => new TopKGate(moe);
}
