namespace MoeActors.Compute.Specs;

/// <summary>A parameter's name and shape, before it has a place in a flat tensor.</summary>
/// <param name="Name">Name across the whole model.</param>
/// <param name="Shape">Shape; matrices are [out, in].</param>
/// <param name="Layer">Block index or -1.</param>
/// <param name="Expert">Expert index in the layer or -1.</param>
public readonly record struct ParameterShape(string Name, long[] Shape, int Layer, int Expert)
{
    /// <summary>What it begins with.</summary>
    public ParameterStart Start { get; init; }

    /// <summary>What moves it instead of the gradient; null = it is trained.</summary>
    public IStateRule? Rule { get; init; }

    /// <summary>Elements.</summary>
    public long Count => Shape.Aggregate(1L, (a, b) => a * b);
}
