using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Routing.Gates;

/// <summary>
/// Expert choice (Zhou et al. 2022): softmax over the experts, and each expert takes the ⌈t·k/N⌉ tokens of the routing group that have most of it; the weight is that probability. Loads are even by construction; a token may have any
/// number of experts, none included, and which ones depends on tokens that come after it.
/// </summary>
/// <param name="moe">Experts, and the mean number of them a token has.</param>
public sealed class ExpertChoiceGate(MoeSpec moe) : IGate
{
    /// <summary>What it is.</summary>
    public static GateInfo Description { get; } = new("expert-choice", "p = softmax(x·W); expert e takes its ⌈t·k/N⌉ best tokens of the group, weight p", "Expert choice 2202.09368")
    {
        PerToken = "0 to N, k in the mean",
        Causal = false,
        Scope = "group",
    };

    /// <inheritdoc/>
    public GateInfo Info => Description;

    /// <inheritdoc/>
    public IEnumerable<ParameterShape> Parameters(ModelSpec model, int block)
    {
        ArgumentNullException.ThrowIfNull(model);
        SpecException.Require(moe.CapacityFactor == 0, "model.moe.capacity-factor", moe.CapacityFactor, "0 with model.moe.gate = expert-choice: its experts take as many tokens as they may anyway");
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
        int tokens = (int)logits.size(0);
        float[] p = Selection.Values(probabilities), own = new float[tokens];
        int each = Math.Min(tokens, (int)((((long)tokens * moe.TopK) + moe.Experts - 1) / moe.Experts));
        var taken = new (int Token, int Expert)[each * moe.Experts];
        int[] order = new int[tokens];
        for (int e = 0; e < moe.Experts; e++)
        {
            for (int t = 0; t < tokens; t++)
            {
                (own[t], order[t]) = (p[(t * moe.Experts) + e], t);
            }

            Array.Sort(order, (a, b) => own[b].CompareTo(own[a]) is not 0 and int by ? by : a.CompareTo(b));
            for (int i = 0; i < each; i++)
            {
                taken[(e * each) + i] = (order[i], e);
            }
        }

        Array.Sort(taken);
        var choices = new Choices(tokens, [.. taken.Select(c => c.Token)], [.. taken.Select(c => c.Expert)], [.. taken.Select(c => p[(c.Token * moe.Experts) + c.Expert])]);
        return new GateOutput(logits, probabilities.MoveToOuterDisposeScope(), Selection.Pick(probabilities, choices).MoveToOuterDisposeScope(), choices);
    }
}
