using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Models;

/// <summary>
/// One decoder block's dense part: attention, and a feed-forward network or what an MoE layer has besides its routed experts. Pre-norm:
/// h += attn(norm(h)); h += ffn(norm(h)). Which part acts when is the <see cref="BlockPlan"/>'s matter. Holds borrowed leaves.
/// </summary>
internal sealed class Block
{
    private readonly Norm attentionNorm;
    private readonly Attention attention;
    private readonly Norm? feedForwardNorm;
    private readonly FeedForward? feedForward;
    private readonly MoeLayer? moe;

    public Block(ModelSpec model, ParameterLeaves leaves, int layer, Rope? rope)
    {
        string name = $"layers.{layer}";
        attentionNorm = new Norm(model, leaves, $"{name}.attn_norm");
        attention = new Attention(model, leaves, layer, rope);
        if (model.IsMoe(layer))
        {
            moe = new MoeLayer(model, leaves, layer);
            return;
        }

        feedForwardNorm = new Norm(model, leaves, $"{name}.ffn_norm");
        feedForward = new FeedForward(leaves, $"{name}.ffn");
    }

    /// <summary>The MoE layer of a block that has one.</summary>
    public MoeLayer Moe => moe!;

    /// <summary>h + attn(norm(h)): [B·T, d] → [B·T, d], in the caller's grad mode and scope.</summary>
    public Tensor Attend(Tensor h, long batch) => h.Plus(attention.Forward(attentionNorm.Forward(h), batch));

    /// <summary>h + ffn(norm(h)) of a block without experts: [t, d] → [t, d].</summary>
    public Tensor FeedForward(Tensor h) => h.Plus(feedForward!.Forward(feedForwardNorm!.Forward(h)));
}
