using MoeActors.Compute.Routing;

namespace MoeActors.Compute.Passes;

/// <summary>What a pass is for.</summary>
/// <param name="Graph">Whether a graph is recorded, for a backward.</param>
/// <param name="Noise">Whether gates that have noise add it.</param>
/// <param name="Capacity">Which capacity applies to the experts.</param>
public readonly record struct PassMode(bool Graph, bool Noise, CapacityPhase Capacity)
{
    /// <summary>A graph, noise, and the capacity of training.</summary>
    public static PassMode Training => new(true, true, CapacityPhase.Training);

    /// <summary>Evaluation and generation: no graph, no noise, no token dropped.</summary>
    public static PassMode Inference => new(false, false, CapacityPhase.Prefill);
}
