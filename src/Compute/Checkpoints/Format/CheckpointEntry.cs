using System.Text.Json.Serialization;

namespace MoeActors.Compute.Checkpoints.Format;

/// <summary>
/// One stored piece: elements [Begin, Begin + Count) of one slot of one tensor, where its bytes lie, which step they are of and their checksum.
/// Immutable. The unit of verification: no part of an entry is handed out before the whole of it matched <see cref="Checksum"/>.
/// </summary>
/// <param name="Tensor">Parameter name, e.g. "layers.0.attn.q".</param>
/// <param name="Slot">One of <see cref="Slots"/>: "weights", "master", "m", "v".</param>
/// <param name="Layer">Decoder block; -1 for embedding, head and final norm.</param>
/// <param name="Expert">Expert of the layer; -1 for the dense part.</param>
/// <param name="Shape">Shape of the whole tensor.</param>
/// <param name="Dtype">safetensors name: F32, BF16, F64.</param>
/// <param name="Begin">First element of the flattened (row-major) tensor.</param>
/// <param name="Count">Elements, at least 1.</param>
/// <param name="File">File, relative to the checkpoints folder, with '/': "step-00000050/dense-3.safetensors".</param>
/// <param name="Offset">Byte offset in the file.</param>
/// <param name="Bytes">Length in bytes.</param>
/// <param name="Version">Step whose state the bytes hold; never newer than the manifest's step.</param>
/// <param name="Checksum">XxHash128 of the bytes, 32 lower-case hex digits.</param>
public sealed record CheckpointEntry(
    string Tensor,
    string Slot,
    int Layer,
    int Expert,
    long[] Shape,
    string Dtype,
    long Begin,
    long Count,
    string File,
    long Offset,
    long Bytes,
    long Version,
    string Checksum)
{
    /// <summary>Element after the last.</summary>
    [JsonIgnore]
    public long End => Begin + Count;

    /// <summary>Whether the entry holds the whole tensor.</summary>
    [JsonIgnore]
    public bool Whole => Begin == 0 && Count == ElementTypes.Count(Shape);

    /// <summary>Name in the file: "name@slot" for a whole tensor, "name@slot[begin:end]" for a piece.</summary>
    [JsonIgnore]
    public string Name => NameOf(Tensor, Slot, Begin, Count, Whole);

    internal static string NameOf(string tensor, string slot, long begin, long count, bool whole) =>
        whole ? $"{tensor}@{slot}" : $"{tensor}@{slot}[{begin}:{begin + count}]";
}
