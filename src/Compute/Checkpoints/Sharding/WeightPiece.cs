namespace MoeActors.Compute.Checkpoints.Sharding;

/// <summary>A range of one parameter's bf16 weights that one rank writes.</summary>
/// <param name="Parameter">Name across the whole model.</param>
/// <param name="Begin">First element of the row-major flattened tensor.</param>
/// <param name="Count">Elements, at least 1.</param>
/// <param name="Layer">Block index; -1 for embedding, positions, final norm and head.</param>
/// <param name="Expert">Expert index in the layer; -1 for the dense part.</param>
public sealed record WeightPiece(string Parameter, long Begin, long Count, int Layer, int Expert)
{
    /// <summary>Bytes of a bf16 element.</summary>
    public const int ElementBytes = 2;

    /// <summary>Bytes written.</summary>
    public long Bytes => Count * ElementBytes;
}
