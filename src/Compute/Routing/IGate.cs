using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Routing;

/// <summary>How the tokens of a routing group choose their experts. Stateless: an instance serves any block and any thread; state from step to step lies in parameters with an <see cref="IStateRule"/>.</summary>
public interface IGate
{
    /// <summary>What it is.</summary>
    GateInfo Info { get; }

    /// <summary>The parameters it has in block <paramref name="block"/>, in their canonical order; their names are those within the block ("gate").</summary>
    IEnumerable<ParameterShape> Parameters(ModelSpec model, int block);

    /// <summary>Chooses. Deterministic in its input alone (DT-1).</summary>
    GateOutput Route(in GateInput input);
}
