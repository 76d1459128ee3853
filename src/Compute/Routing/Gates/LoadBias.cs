using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Routing.Gates;

/// <summary>A selection bias that load moves: b_e += rate·sign(mean - count_e), counts of the global batch (loss-free balancing, 2408.15664, algorithm 1). PURE.</summary>
/// <param name="ordinal">Ordinal of the MoE layer.</param>
/// <param name="experts">Experts N.</param>
/// <param name="rate">What it moves by in a step.</param>
public sealed class LoadBias(int ordinal, int experts, double rate) : IStateRule
{
    /// <inheritdoc/>
    public void Advance(Span<float> values, long first, IReadOnlyList<long[]> load)
    {
        ArgumentNullException.ThrowIfNull(load);
        if (ordinal >= load.Count || load[ordinal].Length < experts)
        {
            throw new InvalidOperationException($"ST-1: the decision has no load of MoE layer {ordinal}, by which its gate's bias goes");
        }

        long all = 0;
        for (int e = 0; e < experts; e++)
        {
            all += load[ordinal][e];
        }

        for (int i = 0; i < values.Length; i++)
        {
            // In integers: mean - count has the sign of all - N·count.
            values[i] += (float)(rate * Math.Sign(all - (experts * load[ordinal][first + i])));
        }
    }
}
