using MoeActors.Compute.Tensors;

using static TorchSharp.torch;

namespace MoeActors.Actors.State;

/// <summary>Where a CPU tensor's memory begins.</summary>
internal static class TensorAddress
{
    /// <summary>Address of the first element; valid while the tensor lives.</summary>
    public static unsafe nint Of(Tensor tensor) => (nint)TensorMemory.BytePointer(tensor);
}
