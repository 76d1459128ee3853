using MoeActors.Compute.Checkpoints.Partial;
using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Checkpoints.Sharding;

/// <summary>
/// The selections sequential PEC goes through at a constant K: the phases a plan is made for. Experts are walked round-robin over the EP
/// positions that hold them, each MoE layer one expert ahead of the one before it (MoC paper, sequential selection). Pure.
/// </summary>
public static class ExpertRotation
{
    /// <summary>Number of different selections before the rotation begins anew: N / gcd(N, K).</summary>
    public static int Phases(int experts, int k) => experts / (int)System.Numerics.BigInteger.GreatestCommonDivisor(experts, k);

    /// <summary>
    /// Experts saved at phase <paramref name="phase"/>, by MoE layer ordinal, ascending: those at places phase·K + m … phase·K + m + K - 1
    /// (mod N) of the walk, m = the ordinal. Throws <see cref="SpecException"/> unless 1 ≤ <paramref name="k"/> ≤ N.
    /// </summary>
    public static IReadOnlyList<IReadOnlyList<int>> Selection(ModelSpec model, LogicalLayout layout, int k, int phase)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(layout);
        layout.Validate(model);
        int experts = model.Moe.Experts;
        SpecException.Require(k >= 1 && k <= experts, "K", k, $"between 1 and model.moe.experts = {experts}");
        IReadOnlyList<int> walk = ExpertOrder.Of(layout, experts);
        long first = (long)phase * k;
        return [.. Enumerable.Range(0, model.MoeLayers().Count).Select(m =>
            (IReadOnlyList<int>)[.. Enumerable.Range(0, k).Select(i => walk[(int)((first + m + i) % experts)]).Order()])];
    }
}
