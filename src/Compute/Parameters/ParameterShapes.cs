using MoeActors.Compute.Models;
using MoeActors.Compute.Routing.Gates;
using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Parameters;

/// <summary>The parameters a model has, in their canonical order. The one place that knows which blocks have which weights.</summary>
internal static class ParameterShapes
{
    /// <summary>Embedding, blocks in order, final norm, head.</summary>
    public static IEnumerable<ParameterShape> Dense(ModelSpec model)
    {
        bool gpt2 = model.Style == BlockStyle.Gpt2;
        long d = model.Hidden;
        yield return Outer("embed", model.Vocabulary, d);
        if (gpt2)
        {
            yield return Outer("positions", model.Context, d);
        }

        for (int l = 0; l < model.Layers; l++)
        {
            foreach (ParameterShape shape in Block(model, l))
            {
                yield return shape;
            }
        }

        yield return Outer("final_norm", d) with { Start = ParameterStart.One };
        if (gpt2)
        {
            yield return Outer("final_norm.bias", d) with { Start = ParameterStart.Zero };
        }

        if (!model.TiedEmbedding)
        {
            yield return Outer("head", model.Vocabulary, d);
        }

        static ParameterShape Outer(string name, params long[] shape) => new(name, shape, -1, -1);
    }

    /// <summary>One routed expert.</summary>
    public static IEnumerable<ParameterShape> Expert(ModelSpec model, int layer, int expert) =>
        FeedForward(model, $"layers.{layer}.experts.{expert}", model.Moe.ExpertHidden, layer, expert);

    private static IEnumerable<ParameterShape> Block(ModelSpec model, int l)
    {
        bool gpt2 = model.Style == BlockStyle.Gpt2;
        long d = model.Hidden, kv = (long)model.KvHeads * (model.Hidden / model.Heads);
        string block = $"layers.{l}";
        foreach ((string name, ParameterStart start, long[] shape) in Attention())
        {
            yield return new($"{block}.{name}", shape, l, -1) { Start = start };
        }

        if (!model.IsMoe(l))
        {
            foreach (ParameterShape shape in FeedForward(model, $"{block}.ffn", model.FeedForward, l, -1))
            {
                yield return shape;
            }

            yield break;
        }

        foreach (ParameterShape shape in GateCatalogue.Of(model.Moe).Parameters(model, l))
        {
            yield return shape with { Name = $"{block}.{shape.Name}" };
        }

        if (model.Moe.SharedExperts > 0)
        {
            foreach (ParameterShape shape in FeedForward(model, $"{block}.shared", (long)model.Moe.SharedExperts * model.Moe.ExpertHidden, l, -1))
            {
                yield return shape;
            }
        }

        if (model.Block is { Kind: BlockKind.ScMoe, Norm: ShortcutNorm.Own })
        {
            yield return new($"{block}.shortcut_norm", [d], l, -1) { Start = ParameterStart.One };
            if (gpt2)
            {
                yield return new($"{block}.shortcut_norm.bias", [d], l, -1) { Start = ParameterStart.Zero };
            }
        }

        if (model.Block.Combine != SharedCombination.Direct)
        {
            yield return new($"{block}.shared_mix", [model.Block.Combine == SharedCombination.Cg1 ? 1 : 2, d], l, -1);
        }

        IEnumerable<(string Name, ParameterStart Start, long[] Shape)> Attention()
        {
            foreach ((string name, ParameterStart start, long[] shape) in new (string, ParameterStart, long[])[]
            {
                ("attn_norm", ParameterStart.One, [d]), ("attn.q", ParameterStart.Normal, [d, d]), ("attn.k", ParameterStart.Normal, [kv, d]), ("attn.v", ParameterStart.Normal, [kv, d]),
                ("attn.o", ParameterStart.IntoResidual, [d, d]), ("ffn_norm", ParameterStart.One, [d]),
            })
            {
                yield return (name, start, shape);
                if (gpt2)
                {
                    yield return ($"{name}.bias", ParameterStart.Zero, [shape[0]]);
                }
            }
        }
    }

    private static IEnumerable<ParameterShape> FeedForward(ModelSpec model, string prefix, long hidden, int layer, int expert)
    {
        long d = model.Hidden;
        if (model.Style == BlockStyle.Llama)
        {
            yield return new($"{prefix}.w1", [hidden, d], layer, expert);
            yield return new($"{prefix}.w3", [hidden, d], layer, expert);
            yield return new($"{prefix}.w2", [d, hidden], layer, expert) { Start = ParameterStart.IntoResidual };
        }
        else
        {
            yield return new($"{prefix}.w1", [hidden, d], layer, expert);
            yield return new($"{prefix}.b1", [hidden], layer, expert) { Start = ParameterStart.Zero };
            yield return new($"{prefix}.w2", [d, hidden], layer, expert) { Start = ParameterStart.IntoResidual };
            yield return new($"{prefix}.b2", [d], layer, expert) { Start = ParameterStart.Zero };
        }
    }
}
