using MoeActors.Compute.Routing;
using MoeActors.Compute.Routing.Gates;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Models;

/// <summary>
/// One decoder block's dense part: attention, and either a feed-forward network or the gate and shared experts of an MoE layer.
/// Pre-norm: h += attn(norm(h)); h += ffn(norm(h)). Holds borrowed leaves.
/// </summary>
internal sealed class DenseBlock
{
    private readonly Norm attentionNorm, ffnNorm;
    private readonly Attention attention;
    private readonly FeedForward? feedForward, shared;
    private readonly IGate? gate;
    private readonly int layer;
    private readonly Dictionary<string, Tensor> gateParameters = [];

    public DenseBlock(ModelSpec model, ParameterLeaves leaves, int layer, Rope? rope)
    {
        this.layer = layer;
        string name = $"layers.{layer}";
        attentionNorm = new Norm(model, leaves, $"{name}.attn_norm");
        attention = new Attention(model, leaves, layer, rope);
        ffnNorm = new Norm(model, leaves, $"{name}.ffn_norm");
        if (!model.IsMoe(layer))
        {
            feedForward = new FeedForward(leaves, $"{name}.ffn");
            return;
        }

        gate = GateCatalogue.Of(model.Moe);
        foreach (ParameterShape parameter in gate.Parameters(model, layer))
        {
            gateParameters.Add(parameter.Name, leaves[$"{name}.{parameter.Name}"]);
        }

        shared = model.Moe.SharedExperts > 0 ? new FeedForward(leaves, $"{name}.shared") : null;
    }

    public bool HasShared => shared is not null;

    /// <summary>A block without experts: [t, d] → [t, d].</summary>
    public Tensor Forward(Tensor h, long batch)
    {
        Tensor mid = h.Plus(attention.Forward(attentionNorm.Forward(h), batch));
        return mid.Plus(feedForward!.Forward(ffnNorm.Forward(mid)));
    }

    /// <summary>A block with experts, up to them: [t, d] → the residual stream and the normed rows the experts see.</summary>
    public (Tensor Residual, Tensor Normed) BeforeExperts(Tensor h, long batch)
    {
        Tensor mid = h.Plus(attention.Forward(attentionNorm.Forward(h), batch));
        return (mid, ffnNorm.Forward(mid));
    }

    /// <summary>The gate's choices for the rows [t, d] of whole sequences of token ids, fp32 at least; with the noise named, in training.</summary>
    public GateOutput Gate(Tensor normed, PassNoise? noise, int[] tokens, int sequenceLength) =>
        gate!.Route(new GateInput(Wide(normed), name => Wide(gateParameters[name]), noise) { Tokens = tokens, SequenceLength = sequenceLength, Block = layer });

    /// <summary>The shared experts: [t, d] → [t, d].</summary>
    public Tensor Shared(Tensor normed) => shared!.Forward(normed);

    private static Tensor Wide(Tensor x) => x.dtype == ScalarType.BFloat16 ? x.to(ScalarType.Float32) : x;
}
