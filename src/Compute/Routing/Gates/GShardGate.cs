using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Routing.Gates;

/// <summary>
/// GShard's top-2 (Lepikhin et al. 2020, algorithm 1): weights g₁, g₂ over their sum; in training a token's second expert is kept with probability min(1, 2·g₂), g₂ after that division, by the
/// token's own draw. What is left out counts nowhere: neither as a row nor against the capacity.
/// </summary>
/// <param name="moe">Experts.</param>
public sealed class GShardGate(MoeSpec moe) : IGate
{
    /// <summary>What it is.</summary>
    public static GateInfo Description { get; } = new("gshard", "top-2 of softmax(x·W), weights g/(g₁+g₂); the second kept with probability min(1, 2·g₂) in training", "GShard 2006.16668")
    {
        PerToken = "1 or 2",

        // The form that lingvo and fairseq train with: the paper's own, times N², so that its coefficient does not depend on N.
        Losses = ["balance-switch"],
    };

    /// <inheritdoc/>
    public GateInfo Info => Description;

    /// <inheritdoc/>
    public IEnumerable<ParameterShape> Parameters(ModelSpec model, int block)
    {
        ArgumentNullException.ThrowIfNull(model);
        SpecException.Require(moe.TopK == 2, "model.moe.top-k", moe.TopK, "2 with model.moe.gate = gshard");
        yield return new("gate", [moe.Experts, model.Hidden], block, -1);
    }

    /// <inheritdoc/>
    public GateOutput Route(in GateInput input)
    {
        Tensor router = input.Parameter("gate"), logits = nn.functional.linear(input.Rows, router);
        return Select(logits, input.Noise is null ? null : GateNoise.Uniform(input.Noise, (int)logits.size(0))) with { Router = router };
    }

    /// <summary>Chooses by logits [t, N].</summary>
    /// <param name="logits">In the graph.</param>
    /// <param name="draws">A number in [0, 1) for each token; null: every second expert is kept.</param>
    public static GateOutput Select(Tensor logits, double[]? draws)
    {
        ArgumentNullException.ThrowIfNull(logits);
        using DisposeScope scope = NewDisposeScope();
        Tensor probabilities = nn.functional.softmax(logits, dim: 1);
        float[] p = Selection.Values(probabilities);
        Choices both = Selection.TopK(p, (int)logits.size(0), 2, p);
        Choices kept = draws is null ? both : Selection.Where(both, i => i % 2 == 0 || Keep(both.Priority[i - 1], both.Priority[i], draws[i / 2]));
        // Both weights are over the sum of both, also where the second expert is left out.
        Tensor pair = Selection.PerToken(Selection.Pick(probabilities, both), both);
        Tensor weights = draws is null ? pair : pair.gather(0, tensor(Kept(both, kept), device: pair.device));
        return new GateOutput(logits, probabilities.MoveToOuterDisposeScope(), weights.MoveToOuterDisposeScope(), kept);
    }

    private static bool Keep(double first, double second, double draw) => 2 * second / (first + second) > draw;

    // Where each kept choice stands among both: a token's first at 2t, its second after it.
    private static long[] Kept(Choices both, Choices kept)
    {
        long[] at = new long[kept.Count];
        for (int i = 0; i < at.Length; i++)
        {
            int first = 2 * kept.Token[i];
            at[i] = both.Expert[first] == kept.Expert[i] ? first : first + 1;
        }

        return at;
    }
}
