using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Routing.Gates;

/// <summary>
/// Null experts (AdaMoE): the router has m targets more, which stand for no expert. A token takes its k best of all; what of them are true experts share the whole weight, and a token that chose none of these gets nothing. So a token
/// decides how many experts it needs.
/// </summary>
/// <param name="moe">k of experts and nulls together, experts, nulls.</param>
public sealed class NullExpertGate(MoeSpec moe) : IGate
{
    /// <summary>What it is.</summary>
    public static GateInfo Description { get; } = new("null-experts", "k best of softmax(x·W) over N experts and m nulls; weights of the true ones over their sum", "AdaMoE 2406.13233")
    {
        PerToken = "0 to k",
        Losses = ["balance-null"],
        Options = ["null-experts"],
    };

    /// <inheritdoc/>
    public GateInfo Info => Description;

    /// <inheritdoc/>
    public IEnumerable<ParameterShape> Parameters(ModelSpec model, int block)
    {
        ArgumentNullException.ThrowIfNull(model);
        SpecException.Require(moe.Gate.NullExperts > 0, "model.moe.null-experts", moe.Gate.NullExperts, "at least 1 with model.moe.gate = null-experts");

        // One expert alone, with all the weight, would be all a token ever has.
        SpecException.Require(moe.TopK > 1, "model.moe.top-k", moe.TopK, "2 or more with model.moe.gate = null-experts: the weight of a token's only expert would be 1 whatever the router says");
        yield return new("gate", [moe.Targets, model.Hidden], block, -1);
    }

    /// <inheritdoc/>
    public GateOutput Route(in GateInput input)
    {
        Tensor router = input.Parameter("gate");
        return Select(moe, nn.functional.linear(input.Rows, router)) with { Router = router };
    }

    /// <summary>Chooses by logits [t, N + m], in the graph. The weight of a null is 0.</summary>
    public static GateOutput Select(MoeSpec moe, Tensor logits)
    {
        ArgumentNullException.ThrowIfNull(moe);
        ArgumentNullException.ThrowIfNull(logits);
        using DisposeScope scope = NewDisposeScope();
        Tensor probabilities = nn.functional.softmax(logits, dim: 1);
        float[] p = Selection.Values(probabilities);
        Choices choices = Selection.TopK(p, (int)logits.size(0), moe.TopK, p);
        Tensor real = tensor(Array.ConvertAll(choices.Expert, e => e < moe.Experts ? 1f : 0f), device: logits.device).to(logits.dtype);
        Tensor weights = Selection.PerToken(Selection.Pick(probabilities, choices) * real, choices);
        return new GateOutput(logits, probabilities.MoveToOuterDisposeScope(), weights.MoveToOuterDisposeScope(), choices);
    }
}
