using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Routing.Gates;

/// <summary>
/// DeepSeek-V2's gate: softmax over all experts, which are cut into groups; a token keeps its M best groups, by each one's best expert, and takes its k best there. Weights are not normalised, but scaled.
/// </summary>
/// <param name="moe">k, groups, scale.</param>
public sealed class GroupLimitedGate(MoeSpec moe) : IGate
{
    /// <summary>What it is.</summary>
    public static GateInfo Description { get; } = new("deepseek-v2", "softmax(x·W); M best groups by their best expert, k best of these; weights p·scale", "DeepSeek-V2 2405.04434")
    {
        Losses = ["balance-sequence", "balance-device", "balance-communication"],
        Options = ["groups", "kept-groups", "weight-scale"],
    };

    /// <inheritdoc/>
    public GateInfo Info => Description;

    /// <inheritdoc/>
    public IEnumerable<ParameterShape> Parameters(ModelSpec model, int block)
    {
        ArgumentNullException.ThrowIfNull(model);
        BiasedGroupGate.RequireRoom(moe);
        yield return new("gate", [moe.Experts, model.Hidden], block, -1);
    }

    /// <inheritdoc/>
    public GateOutput Route(in GateInput input)
    {
        Tensor router = input.Parameter("gate");
        return Select(moe, nn.functional.linear(input.Rows, router)) with { Router = router };
    }

    /// <summary>Chooses by logits [t, N], in the graph.</summary>
    public static GateOutput Select(MoeSpec moe, Tensor logits)
    {
        ArgumentNullException.ThrowIfNull(moe);
        ArgumentNullException.ThrowIfNull(logits);
        using DisposeScope scope = NewDisposeScope();
        Tensor probabilities = nn.functional.softmax(logits, dim: 1);
        float[] p = Selection.Values(probabilities), allowed = [.. p];
        GroupLimits.Apply(allowed, moe.Experts, moe.Gate.Groups, moe.Gate.KeptGroups, best: 1);
        Choices choices = Selection.TopK(allowed, (int)logits.size(0), moe.TopK, p);
        Tensor weights = Selection.Pick(probabilities, choices);
        weights = moe.Gate.WeightScale == 1 ? weights : weights.Times(moe.Gate.WeightScale);
        return new GateOutput(logits, probabilities.MoveToOuterDisposeScope(), weights.MoveToOuterDisposeScope(), choices);
    }
}
