using MoeActors.Compute.Checkpoints.Format;

namespace MoeActors.Compute.Checkpoints;

/// <summary>A range of a tensor's slot and the memory it is read to.</summary>
/// <param name="Tensor">Tensor name.</param>
/// <param name="Slot">One of <see cref="Slots"/>.</param>
/// <param name="Begin">First element of the flattened tensor.</param>
/// <param name="Count">Elements.</param>
/// <param name="Destination">Count · element size bytes of native memory, valid until the read returns.</param>
public readonly record struct TensorRange(string Tensor, string Slot, long Begin, long Count, nint Destination);
