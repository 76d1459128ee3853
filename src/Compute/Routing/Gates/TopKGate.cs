using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Routing.Gates;

/// <summary>
/// Each token takes its k best experts: softmax before or after top-k (Switch, GShard and OLMoE; Shazeer and Mixtral), with the noise of Shazeer et al. (2017, eq. 4) where it is asked for:
/// logits + N(0,1)·softplus(x·W_noise), in training only.
/// </summary>
/// <param name="moe">k, order of softmax and top-k, normalisation, noise.</param>
public sealed class TopKGate(MoeSpec moe) : IGate
{
    /// <summary>What it is.</summary>
    public static GateInfo Description { get; } = new(
        "top-k", "k best of softmax(x·W), or softmax of the k best; training may add N(0,1)·softplus(x·W_noise)", "Shazeer 2017; Switch 2101.03961; Mixtral 2401.04088; OLMoE 2409.02060")
    {
        Trains = "router, noise",
        Losses = ["balance", "router-z"],
        Options = ["gate-order", "normalize-top-k", "noisy-gate"],
    };

    /// <inheritdoc/>
    public GateInfo Info => Description;

    /// <inheritdoc/>
    public IEnumerable<ParameterShape> Parameters(ModelSpec model, int block)
    {
        ArgumentNullException.ThrowIfNull(model);
        yield return new("gate", [moe.Experts, model.Hidden], block, -1);
        if (moe.NoisyGate)
        {
            yield return new("gate_noise", [moe.Experts, model.Hidden], block, -1) { Start = ParameterStart.Zero };
        }
    }

    /// <inheritdoc/>
    public GateOutput Route(in GateInput input)
    {
        Tensor router = input.Parameter("gate"), logits = nn.functional.linear(input.Rows, router);
        Tensor? deviation = moe.NoisyGate && input.Noise is not null ? nn.functional.linear(input.Rows, input.Parameter("gate_noise")).Softplus() : null;
        return Select(moe, logits, deviation, input.Noise) with { Router = router };
    }

    /// <summary>Chooses by logits.</summary>
    /// <param name="moe">k, order of softmax and top-k, normalisation.</param>
    /// <param name="logits">fp32 [t, N], in the caller's graph.</param>
    /// <param name="noiseStd">softplus(x·W_noise), fp32 [t, N], in the graph; null for a gate without noise.</param>
    /// <param name="noise">Which noise to draw; null outside training.</param>
    public static GateOutput Select(MoeSpec moe, Tensor logits, Tensor? noiseStd, PassNoise? noise)
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

        // Over capacity the least probable choices go; the weights would not do, for one normalised choice always weighs 1.
        Tensor scores = probabilities.detach().gather(1, experts).to(ScalarType.Float32);
        var choices = new Choices((int)logits.size(0), Tokens((int)logits.size(0), moe.TopK), experts.to(ScalarType.Int32).cpu().data<int>().ToArray(), scores.cpu().data<float>().ToArray());
        return new GateOutput(logits, probabilities.MoveToOuterDisposeScope(), weights.flatten().MoveToOuterDisposeScope(), choices)
        {
            Noisy = ReferenceEquals(g, logits) ? null : g.MoveToOuterDisposeScope(),
            Deviation = noise is null ? null : noiseStd,
        };
    }

    private static int[] Tokens(int tokens, int k)
    {
        int[] of = new int[tokens * k];
        for (int i = 0; i < of.Length; i++)
        {
            of[i] = i / k;
        }

        return of;
    }
}
