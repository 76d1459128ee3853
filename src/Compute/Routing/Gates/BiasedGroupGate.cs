using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Routing.Gates;

/// <summary>
/// DeepSeek-V3's gate: sigmoid scores; a bias of each expert, moved by the load, takes part in choosing and in nothing else. Groups go by the sum of their two best biased scores. The weights are the scores without bias over
/// their sum (where k > 1), scaled.
/// </summary>
/// <param name="moe">k, groups, scale, rate of the bias.</param>
public sealed class BiasedGroupGate(MoeSpec moe) : IGate
{
    /// <summary>What it is.</summary>
    public static GateInfo Description { get; } = new(
        "deepseek-v3", "s = sigmoid(x·W); M best groups by their two best s+b, k best s+b of these; weights s/Σs·scale; b += rate·sign(mean-count)", "DeepSeek-V3 2412.19437; loss-free balancing 2408.15664")
    {
        State = "selection bias of each expert, from the load of every step",
        Losses = ["balance-sequence"],
        Refuses = new Dictionary<string, string>(
            new[] { "balance", "balance-switch", "balance-hf", "balance-gshard", "balance-device", "balance-communication", "balance-null", "balance-cheap", "importance", "importance-unbiased", "skywork" }
                .Select(l => KeyValuePair.Create(l, "its bias balances the load, and the loss would pull against it; balance-sequence or none goes with it"))),
        Options = ["groups", "kept-groups", "weight-scale", "bias-rate"],
    };

    /// <inheritdoc/>
    public GateInfo Info => Description;

    /// <inheritdoc/>
    public IEnumerable<ParameterShape> Parameters(ModelSpec model, int block)
    {
        ArgumentNullException.ThrowIfNull(model);
        RequireRoom(moe);
        yield return new("gate", [moe.Experts, model.Hidden], block, -1);
        yield return new("gate_bias", [moe.Experts], block, -1) { Start = ParameterStart.Zero, Rule = new LoadBias(model.MoeLayers().TakeWhile(l => l < block).Count(), moe.Experts, moe.Gate.BiasRate) };
    }

    /// <inheritdoc/>
    public GateOutput Route(in GateInput input)
    {
        Tensor router = input.Parameter("gate");
        return Select(moe, nn.functional.linear(input.Rows, router), Selection.Values(input.Parameter("gate_bias"))) with { Router = router };
    }

    /// <summary>Chooses by logits [t, N], in the graph, and a bias [N].</summary>
    public static GateOutput Select(MoeSpec moe, Tensor logits, float[] bias)
    {
        ArgumentNullException.ThrowIfNull(moe);
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(bias);
        using DisposeScope scope = NewDisposeScope();
        Tensor scores = logits.sigmoid();
        float[] s = Selection.Values(scores), biased = new float[s.Length];
        for (int i = 0; i < s.Length; i++)
        {
            biased[i] = s[i] + bias[i % moe.Experts];
        }

        GroupLimits.Apply(biased, moe.Experts, moe.Gate.Groups, moe.Gate.KeptGroups, best: 2);
        Choices choices = Selection.TopK(biased, (int)logits.size(0), moe.TopK, s);
        Tensor weights = Selection.Pick(scores, choices);
        weights = moe.TopK > 1 ? Selection.PerToken(weights, choices) : weights;
        weights = moe.Gate.WeightScale == 1 ? weights : weights.Times(moe.Gate.WeightScale);
        Tensor shares = scores / scores.sum(1, keepdim: true).Plus(1e-20);
        return new GateOutput(logits, shares.MoveToOuterDisposeScope(), weights.MoveToOuterDisposeScope(), choices);
    }

    /// <summary>The groups a token keeps must have room for its choices.</summary>
    internal static void RequireRoom(MoeSpec moe)
    {
        int room = moe.Experts / moe.Gate.Groups * moe.Gate.KeptGroups;
        SpecException.Require(
            moe.TopK <= room, "model.moe.top-k", moe.TopK, $"at most {room}: the experts of model.moe.kept-groups = {moe.Gate.KeptGroups} of model.moe.groups = {moe.Gate.Groups}");
    }
}
