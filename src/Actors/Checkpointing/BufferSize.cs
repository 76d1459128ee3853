using static TorchSharp.torch;

namespace MoeActors.Actors.Checkpointing;

/// <summary>What makes one buffer of a snapshot fit for another.</summary>
/// <param name="Count">Elements.</param>
/// <param name="Type">fp32, or bf16 for weights.</param>
internal readonly record struct BufferSize(long Count, ScalarType Type)
{
    /// <summary>Bytes.</summary>
    public long Bytes => Count * (Type == ScalarType.BFloat16 ? 2 : sizeof(float));
}
