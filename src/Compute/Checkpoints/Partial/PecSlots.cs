using MoeActors.Compute.Checkpoints.Format;

namespace MoeActors.Compute.Checkpoints.Partial;

/// <summary>What is saved of an expert, as flags a <see cref="PecMask"/> is made of. Names as text: <see cref="PecMask.SlotOf"/>.</summary>
[Flags]
public enum PecSlots
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Weights in compute precision, <see cref="Slots.Weights"/>; fp32 runs have none.</summary>
    Weights = 1,

    /// <summary>fp32 master copy, <see cref="Slots.Master"/>.</summary>
    Master = 2,

    /// <summary>Adam's first moment, <see cref="Slots.First"/>.</summary>
    First = 4,

    /// <summary>Adam's second moment, <see cref="Slots.Second"/>.</summary>
    Second = 8,

    /// <summary>Number of updates the moments have seen, which Adam's bias correction needs; a number of the manifest, not of a shard.</summary>
    StepCount = 16,

    /// <summary>The optimizer's state: m, v and their step count, always of one version.</summary>
    Moments = First | Second | StepCount,

    /// <summary>Everything.</summary>
    All = Weights | Master | Moments,
}
