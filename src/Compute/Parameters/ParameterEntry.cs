using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Parameters;

/// <summary>One named parameter inside a flat parameter group.</summary>
/// <param name="Name">Name across the whole model, such as <c>layers.0.attn.q</c>.</param>
/// <param name="Shape">Shape of the parameter; matrices are [out, in].</param>
/// <param name="Offset">First element in the group's flat tensor, a multiple of <see cref="ParameterLayout.Alignment"/>.</param>
/// <param name="Count">Number of elements, without padding.</param>
/// <param name="Layer">Block index; -1 for embedding, positions, final norm and head.</param>
/// <param name="Expert">Expert index in the layer; -1 for the dense part.</param>
/// <param name="Decay">Whether weight decay applies: true for matrices, false for norms, biases and buffers.</param>
public sealed record ParameterEntry(string Name, long[] Shape, long Offset, long Count, int Layer, int Expert, bool Decay)
{
    /// <summary>What it begins with.</summary>
    public ParameterStart Start { get; init; }

    /// <summary>What moves it instead of the gradient: it is a buffer; null = it is trained.</summary>
    public IStateRule? Rule { get; init; }
}
