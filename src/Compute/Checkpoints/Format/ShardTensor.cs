namespace MoeActors.Compute.Checkpoints.Format;

/// <summary>
/// A piece to store, straight from memory: CPU, contiguous, little-endian. The caller keeps the memory alive and unchanged until the file
/// is durable. At a page (4096 bytes) and in whole pages it is written without a copy. Pointer and length instead of a span: pieces may be over 2 GiB.
/// </summary>
/// <param name="Tensor">Parameter name.</param>
/// <param name="Slot">One of <see cref="Slots"/>.</param>
/// <param name="Layer">Decoder block or -1.</param>
/// <param name="Expert">Expert or -1.</param>
/// <param name="Shape">Shape of the whole tensor.</param>
/// <param name="Dtype">safetensors name.</param>
/// <param name="Begin">First element of the flattened tensor.</param>
/// <param name="Count">Elements, at least 1.</param>
/// <param name="Pointer">First byte of element <paramref name="Begin"/>.</param>
/// <param name="Bytes">Bytes of the piece: Count · element size.</param>
/// <param name="Version">Step whose state the memory holds; null = the step being written.</param>
public sealed record ShardTensor(
    string Tensor,
    string Slot,
    int Layer,
    int Expert,
    long[] Shape,
    string Dtype,
    long Begin,
    long Count,
    nint Pointer,
    long Bytes,
    long? Version = null);
