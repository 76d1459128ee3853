namespace MoeActors.Compute.Checkpoints.Partial;

/// <summary>What the choice of a layer's experts looks at.</summary>
/// <param name="Order">Experts in the order they are walked, <see cref="ExpertOrder.Of"/>; a permutation of 0 … N − 1.</param>
/// <param name="Saved">By expert: step of its last saved version, saves already planned included.</param>
/// <param name="Load">By expert: tokens it has learned from since that version; null selects sequentially.</param>
public sealed record PecLayer(IReadOnlyList<int> Order, IReadOnlyList<long> Saved, IReadOnlyList<long>? Load = null);

/// <summary>Which experts a checkpoint saves whole.</summary>
/// <param name="Snapshot">By ordinal of the MoE layer: experts copied from the device to host memory, ascending.</param>
/// <param name="Persist">By ordinal of the MoE layer: those of them that go on to storage, ascending.</param>
/// <param name="Reason">One sentence.</param>
public sealed record ExpertSelection(IReadOnlyList<IReadOnlyList<int>> Snapshot, IReadOnlyList<IReadOnlyList<int>> Persist, string Reason);
