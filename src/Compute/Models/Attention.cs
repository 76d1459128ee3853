using MoeActors.Compute.Specs;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Models;

/// <summary>
/// Causal self-attention with grouped keys and values (Ainslie et al. 2023), through the library's fused kernel. Holds borrowed leaves.
/// </summary>
internal sealed class Attention
{
    private readonly Tensor q, k, v, o;
    private readonly Tensor? qBias, kBias, vBias, oBias;
    private readonly int heads, kvHeads, width;
    private readonly Rope? rope;

    public Attention(ModelSpec model, ParameterLeaves leaves, int layer, Rope? rope)
    {
        string name = $"layers.{layer}.attn";
        (q, k, v, o) = (leaves[$"{name}.q"], leaves[$"{name}.k"], leaves[$"{name}.v"], leaves[$"{name}.o"]);
        (qBias, kBias, vBias, oBias) = (leaves.Find($"{name}.q.bias"), leaves.Find($"{name}.k.bias"), leaves.Find($"{name}.v.bias"), leaves.Find($"{name}.o.bias"));
        (heads, kvHeads, width) = (model.Heads, model.KvHeads, model.Hidden / model.Heads);
        this.rope = rope;
    }

    /// <summary>x [B·T, d], normed → [B·T, d]. The caller's scope owns the result.</summary>
    public Tensor Forward(Tensor x, long batch)
    {
        long tokens = x.size(0), time = tokens / batch;
        Tensor queries = Heads(x, q, qBias, heads, rope);
        Tensor keys = Heads(x, k, kBias, kvHeads, rope);
        Tensor values = Heads(x, v, vBias, kvHeads, null);
        Tensor mixed = nn.functional.scaled_dot_product_attention(queries, keys, values, is_casual: true); // [B, heads, T, width]
        return nn.functional.linear(mixed.transpose(1, 2).reshape(tokens, (long)heads * width), o, oBias);

        Tensor Heads(Tensor input, Tensor weight, Tensor? bias, int count, Rope? turn)
        {
            Tensor h = nn.functional.linear(input, weight, bias).view(batch, time, count, width);
            h = (turn is null ? h : turn.Turn(h)).transpose(1, 2); // [B, count, T, width]
            return count == heads ? h : Repeat(h, batch, count, time);
        }
    }

    // The kernel wants as many key heads as query heads.
    private Tensor Repeat(Tensor h, long batch, int count, long time) =>
        h.unsqueeze(2).expand(batch, count, heads / count, time, width).reshape(batch, heads, time, width);
}
