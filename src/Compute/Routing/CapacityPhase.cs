namespace MoeActors.Compute.Routing;

/// <summary>What a pass does when capacity is decided: limits differ by it.</summary>
public enum CapacityPhase
{
    /// <summary>A training step: the capacity factor of the model holds in each routing group.</summary>
    Training,

    /// <summary>Whole sequences forward, for evaluation or as the beginning of a generation: no limit.</summary>
    Prefill,
}
