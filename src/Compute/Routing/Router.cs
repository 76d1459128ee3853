using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Routing;

/// <summary>What the gate decided for t tokens; tensors are in the graph of the logits and owned by the caller.</summary>
/// <param name="Weights">Combine weights, fp32 [t, k], in the graph.</param>
/// <param name="Experts">Chosen experts, int64 [t, k], best first.</param>
/// <param name="Probabilities">softmax over all experts, fp32 [t, N], in the graph: for the balance loss.</param>
public sealed record RouterOutput(Tensor Weights, Tensor Experts, Tensor Probabilities);

/// <summary>The tensor part of routing: logits → chosen experts and their weights.</summary>
public static class Router
{
    /// <summary>Chooses top-k experts per token.</summary>
    /// <param name="moe">k, order of softmax and top-k, normalisation.</param>
    /// <param name="logits">fp32 [t, N], in the caller's graph.</param>
    /// <param name="noiseStd">softplus(x·W_noise), fp32 [t, N], in the graph; null for a gate without noise.</param>
    /// <param name="noise">Which noise to draw; null outside training.</param>
    public static RouterOutput Select(MoeSpec moe, Tensor logits, Tensor? noiseStd, PassNoise? noise)
    {
        ArgumentNullException.ThrowIfNull(moe);
        ArgumentNullException.ThrowIfNull(logits);
        using DisposeScope scope = NewDisposeScope();
        Tensor g = logits; // [t, N]
        if (noiseStd is not null && noise is not null)
        {
            Tensor normal = GateNoise.Normal(noise.Seed, noise.Step, noise.Layer, noise.FirstToken, (int)logits.size(0), moe.Experts);
            g = logits.Plus(normal.to(logits.device) * noiseStd);
        }

        Tensor probabilities = nn.functional.softmax(g, dim: 1);
        Tensor weights, experts;
        if (moe.GateOrder == GateOrder.SoftmaxThenTopK)
        {
            (weights, experts) = topk(probabilities, moe.TopK, dim: 1);
            if (moe.NormalizeTopK)
            {
                weights /= weights.sum(1, keepdim: true);
            }
        }
        else
        {
            (Tensor best, experts) = topk(g, moe.TopK, dim: 1);
            weights = nn.functional.softmax(best, dim: 1);
        }

        return new RouterOutput(weights.MoveToOuterDisposeScope(), experts.MoveToOuterDisposeScope(), probabilities.MoveToOuterDisposeScope());
    }
}
