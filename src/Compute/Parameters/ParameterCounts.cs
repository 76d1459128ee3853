using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Parameters;

/// <summary>Parameters of a model, counted without allocating any; alignment padding is not counted.</summary>
/// <param name="Dense">Everything but the routed experts.</param>
/// <param name="Experts">All routed experts of all MoE layers, each once.</param>
/// <param name="PerExpert">One routed expert.</param>
/// <param name="Active">Parameters one token uses: the dense part and top-k experts in each MoE layer.</param>
public sealed record ParameterCounts(long Dense, long Experts, long PerExpert, long Active)
{
    /// <summary>Dense and expert parameters.</summary>
    public long Total => Dense + Experts;

    /// <summary>Counts the parameters of <paramref name="model"/>.</summary>
    public static ParameterCounts Of(ModelSpec model)
    {
        ArgumentNullException.ThrowIfNull(model);
        long dense = ParameterShapes.Dense(model).Sum(p => p.Count);
        long expert = ParameterShapes.Expert(model, model.Moe.First, 0).Sum(p => p.Count);
        long layers = model.MoeLayers().Count;
        return new(dense, layers * model.Moe.Experts * expert, expert, dense + (layers * model.Moe.TopK * expert));
    }
}
