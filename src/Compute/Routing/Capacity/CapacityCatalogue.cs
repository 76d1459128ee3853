using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Routing.Capacity;

/// <summary>The capacity policies there are.</summary>
public static class CapacityCatalogue
{
    /// <summary>The policy of a layer without limits.</summary>
    public const string Dropless = "dropless";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<ICapacityPolicy> All { get; } =
    [
        new RankedCapacity("score", "each expert keeps the choices of the highest scores", ServingOrders.ByPriority),
        new RankedCapacity("order", "each expert keeps what comes first, token by token", ServingOrders.ByToken),
        new RankedCapacity("first-choices", "each expert keeps what comes first, all first choices before all second ones", ServingOrders.FirstChoicesFirst),
        new RankedCapacity("batch-priority", "tokens with the highest best score are served first, all first choices before all second ones", ServingOrders.BestTokensFirst),
        new RankedCapacity("random", "each expert keeps a random part, by counter", ServingOrders.AtRandom),
        new RankedCapacity("rank", "all experts of a rank together keep the choices of the highest scores", ServingOrders.ByPriority) { PerPosition = true },
        new RankedCapacity(Dropless, "nothing is dropped: model.moe.capacity-factor must be 0", ServingOrders.ByToken),
    ];

    /// <summary>The policy of a model's MoE layers. Throws <see cref="SpecException"/> where settings name none, or contradict it.</summary>
    public static ICapacityPolicy Of(MoeSpec moe)
    {
        ArgumentNullException.ThrowIfNull(moe);
        SpecException.Require(
            moe.CapacityPolicy != Dropless || moe.CapacityFactor == 0, "model.moe.capacity-factor", moe.CapacityFactor, "0 with model.moe.capacity-policy = dropless");
        return All.FirstOrDefault(p => p.Name == moe.CapacityPolicy)
            ?? throw new SpecException($"model.moe.capacity-policy = {moe.CapacityPolicy}: expected one of {string.Join(", ", All.Select(p => p.Name))}");
    }
}
