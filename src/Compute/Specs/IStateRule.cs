namespace MoeActors.Compute.Specs;

/// <summary>
/// How a buffer goes from one step to the next: a parameter that no gradient trains, such as a gate's selection bias. Its values live in fp32 in the optimizer's master weights, in the units of the dense part, and so in
/// checkpoints, copies, integrity sums, recovery and export. PURE and elementwise: whoever owns a part of the buffer computes that part alone.
/// </summary>
public interface IStateRule
{
    /// <summary>Brings elements [<paramref name="first"/>, <paramref name="first"/> + values.Length) of the buffer to the end of the step.</summary>
    /// <param name="values">Their values before it; overwritten.</param>
    /// <param name="first">Index of the first in the buffer.</param>
    /// <param name="load">Choices of the step's decision, by ordinal of the MoE layer and target: integers summed over all ranks and micro-batches, before drops (DT-1).</param>
    void Advance(Span<float> values, long first, IReadOnlyList<long[]> load);
}
