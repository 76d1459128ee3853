namespace MoeActors.Compute.Specs;

/// <summary>What a checkpoint along the way saves, and with that what a recovery restores.</summary>
public enum CheckpointMode
{
    /// <summary>Everything: recovery is exact (RC-1).</summary>
    Full,

    /// <summary>The dense part and K of the N experts of each layer (MoC): recovery is bounded-stale, its loss is measured as PLT.</summary>
    Partial,
}
