using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Routing.Gates;

/// <summary>
/// Zero-computation experts (MoE++, LongCat): beside its experts a token may choose ones that give nothing (zero), the row as it is (copy), or a mix of it with a vector of their own (constant: α₁·x + α₂·v, α = softmax(x·W_c)).
/// They are computed where the token is; nothing is sent. The weight of zero experts goes to the token's others.
/// </summary>
/// <param name="moe">k of all together, experts, zero, copy and constant ones.</param>
public sealed class ZeroComputationGate(MoeSpec moe) : IGate
{
    /// <summary>What it is.</summary>
    public static GateInfo Description { get; } = new(
        "zero-computation", "k best of softmax(x·W) over N experts, zero (0), copy (x) and constant (α₁x+α₂v) ones; weights over their sum without zeros", "MoE++ 2410.07348; LongCat 2509.01322")
    {
        PerToken = "0 to k",
        Trains = "router, constants",
        Losses = ["balance-cheap"],
        Options = ["zero-experts", "copy-experts", "constant-experts", "normalize-top-k"],
    };

    /// <inheritdoc/>
    public GateInfo Info => Description;

    /// <inheritdoc/>
    public IEnumerable<ParameterShape> Parameters(ModelSpec model, int block)
    {
        ArgumentNullException.ThrowIfNull(model);
        SpecException.Require(moe.Gate.Free > 0, "model.moe.zero-experts", moe.Gate.ZeroExperts, "one zero, copy or constant expert at least with model.moe.gate = zero-computation");
        SpecException.Require(
            moe.TopK > 1 || !moe.NormalizeTopK, "model.moe.top-k", moe.TopK, "2 or more, or model.moe.normalize-top-k = off beside it: the weight of a token's only expert would be 1 whatever the router says");
        yield return new("gate", [moe.Targets, model.Hidden], block, -1);
        if (moe.Gate.ConstantExperts > 0)
        {
            yield return new("gate_constant", [moe.Gate.ConstantExperts, model.Hidden], block, -1);
            yield return new("gate_constant_mix", [2L * moe.Gate.ConstantExperts, model.Hidden], block, -1);
        }
    }

    /// <inheritdoc/>
    public GateOutput Route(in GateInput input)
    {
        Tensor router = input.Parameter("gate");
        GateOutput output = Select(moe, nn.functional.linear(input.Rows, router)) with { Router = router };
        return output with { Local = Free(input, output) };
    }

    /// <summary>Chooses by logits [t, N + zero + copy + constant], in the graph. The weight of a zero expert is 0.</summary>
    public static GateOutput Select(MoeSpec moe, Tensor logits)
    {
        ArgumentNullException.ThrowIfNull(moe);
        ArgumentNullException.ThrowIfNull(logits);
        using DisposeScope scope = NewDisposeScope();
        Tensor probabilities = nn.functional.softmax(logits, dim: 1);
        float[] p = Selection.Values(probabilities);
        Choices choices = Selection.TopK(p, (int)logits.size(0), moe.TopK, p);
        int zeros = moe.Experts + moe.Gate.ZeroExperts;
        Tensor given = tensor(Array.ConvertAll(choices.Expert, e => e < moe.Experts || e >= zeros ? 1f : 0f), device: logits.device).to(logits.dtype);
        Tensor weights = Selection.Pick(probabilities, choices) * given;
        weights = moe.NormalizeTopK ? Selection.PerToken(weights, choices) : weights;
        return new GateOutput(logits, probabilities.MoveToOuterDisposeScope(), weights.MoveToOuterDisposeScope(), choices);
    }

    // What copy and constant experts give the rows, weighted: [t, d] in the graph.
    private Tensor? Free(in GateInput input, GateOutput output)
    {
        int copies = moe.Gate.CopyExperts, constants = moe.Gate.ConstantExperts, first = moe.Experts + moe.Gate.ZeroExperts;
        if (copies + constants == 0)
        {
            return null;
        }

        using DisposeScope scope = NewDisposeScope();
        Tensor x = input.Rows;
        Choices choices = output.Choices;
        long[] at = new long[choices.Count];
        for (int i = 0; i < at.Length; i++)
        {
            at[i] = ((long)choices.Token[i] * moe.Targets) + choices.Expert[i];
        }

        // [t, targets]: each choice's weight in its place.
        Tensor table = zeros(choices.Tokens * (long)moe.Targets, x.dtype, x.device).scatter_add(0, tensor(at, device: x.device), output.Weights).view(choices.Tokens, moe.Targets);
        Tensor result = x * table.narrow(1, first, copies).sum(1, keepdim: true);
        if (constants > 0)
        {
            Tensor vectors = input.Parameter("gate_constant"), mix = nn.functional.linear(x, input.Parameter("gate_constant_mix")).view(choices.Tokens, constants, 2).softmax(2);
            Tensor weight = table.narrow(1, first + copies, constants); // [t, constants]
            result = result.Plus(x * (weight * mix.select(2, 0)).sum(1, keepdim: true)).Plus(mm(weight * mix.select(2, 1), vectors));
        }

        return result.MoveToOuterDisposeScope();
    }
}
