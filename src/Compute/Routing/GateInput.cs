using TorchSharp;

namespace MoeActors.Compute.Routing;

/// <summary>What a gate sees of one routing group. Borrows everything.</summary>
/// <param name="Rows">What the experts see: [t, d], fp32 at least, in the caller's graph.</param>
/// <param name="Parameter">The gate's parameters, fp32 at least and in the graph, by the names it has declared for this block. Those with a rule are read detached.</param>
/// <param name="Noise">Which noise to draw; null outside training.</param>
public readonly record struct GateInput(torch.Tensor Rows, Func<string, torch.Tensor> Parameter, PassNoise? Noise)
{
    /// <summary>Token ids of the rows, [t].</summary>
    public IReadOnlyList<int> Tokens { get; init; } = [];

    /// <summary>Rows of one sequence; the group has whole ones, one after the other.</summary>
    public int SequenceLength { get; init; }

    /// <summary>Block index.</summary>
    public int Block { get; init; }

    /// <summary>Whether this is training.</summary>
    public bool Training => Noise is not null;
}
