using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Routing.Gates;

/// <summary>
/// Thresholds of each expert (DynMoE): a token takes every expert whose score s = σ(scale·cos(x, w_e)) is above σ(G_e), each with weight 1; gradients pass straight through that step, to the router and to the threshold. In training a token may
/// have none; else one without any takes its best, weighted by its score. The mean number of experts is what training makes it: top-k only sizes the capacity.
/// </summary>
/// <param name="moe">Experts.</param>
public sealed class ThresholdGate(MoeSpec moe) : IGate
{
    /// <summary>What it is.</summary>
    public static GateInfo Description { get; } = new("thresholds", "every expert with σ(scale·cos(x,w_e)) > σ(G_e), weight 1, straight-through; G trained", "DynMoE 2405.14297")
    {
        PerToken = "0 to N",
        Trains = "router, thresholds, scale",
        Losses = ["diversity"],
    };

    /// <inheritdoc/>
    public GateInfo Info => Description;

    /// <inheritdoc/>
    public IEnumerable<ParameterShape> Parameters(ModelSpec model, int block)
    {
        ArgumentNullException.ThrowIfNull(model);
        yield return new("gate", [moe.Experts, model.Hidden], block, -1);
        yield return new("gate_scale", [1], block, -1) { Start = ParameterStart.One };
        yield return new("gate_threshold", [moe.Experts], block, -1) { Start = ParameterStart.Zero };
    }

    /// <inheritdoc/>
    public GateOutput Route(in GateInput input) => Select(input.Rows, input.Parameter("gate"), input.Parameter("gate_scale"), input.Parameter("gate_threshold"), input.Training);

    /// <summary>Chooses for rows [t, d] by router [N, d], scale [1] and thresholds [N], all in the graph.</summary>
    public static GateOutput Select(Tensor rows, Tensor router, Tensor scale, Tensor thresholds, bool training)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(router);
        ArgumentNullException.ThrowIfNull(scale);
        ArgumentNullException.ThrowIfNull(thresholds);
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = nn.functional.linear(nn.functional.normalize(rows, 2, 1, 1e-12), nn.functional.normalize(router, 2, 1, 1e-12)) * scale; // [t, N]
        Tensor scores = logits.sigmoid(), over = scores - thresholds.sigmoid();
        float[] s = Selection.Values(scores), d = Selection.Values(over);
        int tokens = (int)rows.size(0), experts = (int)router.size(0);
        var token = new List<int>();
        var expert = new List<int>();
        var alone = new List<float>(); // 1 where the choice is a token's last resort
        for (int t = 0; t < tokens; t++)
        {
            int before = token.Count;
            foreach (int e in Enumerable.Range(0, experts).Where(e => d[(t * experts) + e] > 0).OrderByDescending(e => s[(t * experts) + e]))
            {
                token.Add(t);
                expert.Add(e);
                alone.Add(0);
            }

            if (token.Count == before && !training)
            {
                token.Add(t);
                expert.Add(Selection.Best(s.AsSpan(t * experts, experts), 1)[0]);
                alone.Add(1);
            }
        }

        var choices = new Choices(tokens, [.. token], [.. expert], [.. token.Select((t, i) => s[(t * experts) + expert[i]])]);
        Tensor score = Selection.Pick(scores, choices), excess = Selection.Pick(over, choices), last = tensor(alone.ToArray(), device: rows.device).to(rows.dtype);

        // 1 in value, the excess in gradient; a last resort its own score.
        Tensor through = excess - excess.detach();
        Tensor weights = (through.Plus(1) * (ones_like(last) - last)).Plus(score * last);
        Tensor shares = scores / scores.sum(1, keepdim: true).Plus(1e-20);
        return new GateOutput(logits.MoveToOuterDisposeScope(), shares.MoveToOuterDisposeScope(), weights.MoveToOuterDisposeScope(), choices) { Router = router };
    }
}
