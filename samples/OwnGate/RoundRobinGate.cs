using MoeActors.Compute.Routing;
using MoeActors.Compute.Routing.Gates;
using MoeActors.Compute.Specs;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Samples;

/// <summary>The tokens go round the experts; how much of its expert's answer each takes is trained.</summary>
public sealed class RoundRobinGate(MoeSpec moe) : IGate
{
    /// <summary>What `moe gates` would say of it.</summary>
    public static GateInfo Description { get; } = new("round-robin", "expert t mod N, weight σ(x·w_e)", "nobody's") { PerToken = "1" };

    /// <inheritdoc/>
    public GateInfo Info => Description;

    /// <inheritdoc/>
    public IEnumerable<ParameterShape> Parameters(ModelSpec model, int block) => [new("gate", [moe.Experts, model.Hidden], block, -1)];

    /// <inheritdoc/>
    public GateOutput Route(in GateInput input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor router = input.Parameter("gate"), logits = nn.functional.linear(input.Rows, router), scores = logits.sigmoid();
        int tokens = (int)logits.size(0);
        int[] token = [.. Enumerable.Range(0, tokens)];
        var choices = new Choices(tokens, token, [.. token.Select(t => t % moe.Experts)], new float[tokens]);
        Tensor weights = Selection.Pick(scores, choices);
        return new GateOutput(logits.MoveToOuterDisposeScope(), scores.MoveToOuterDisposeScope(), weights.MoveToOuterDisposeScope(), choices) { Router = router };
    }
}
