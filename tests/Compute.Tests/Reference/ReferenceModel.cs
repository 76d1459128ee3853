using MoeActors.Compute.Models;
using MoeActors.Compute.Routing;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Reference;

/// <summary>What one routing group of the reference computed; tensors are in the graph.</summary>
internal sealed record ReferenceLoss(Tensor Total, double CrossEntropySum, double Balance, double RouterZ, int Dropped);

/// <summary>
/// The plain model: one autograd graph over everything, no cuts, no chunks, a loop over experts. Written from the equations, apart from the
/// product's classes; only the gate's noise is drawn by the same function, for it is an input.
/// </summary>
internal sealed class ReferenceModel(RunSpec spec, IReadOnlyDictionary<string, Tensor> parameters)
{
    private readonly ModelSpec model = spec.Model;
    private readonly MoeSpec moe = spec.Model.Moe;
    private readonly Scalar one = 1.ToScalar(); // lives as long as the model: see Arithmetic
    private Tensor auxiliary = null!;
    private double balance, routerZ;
    private int dropped;

    /// <summary>The share of the step's loss that one routing group contributes: tokens int64 [B, T+1]. Leaves live in the caller's scope.</summary>
    public ReferenceLoss Loss(Tensor tokens, long step, long firstToken)
    {
        (balance, routerZ, dropped) = (0, 0, 0);
        long batch = tokens.size(0), time = tokens.size(1) - 1;
        Tensor embed = P("embed");
        auxiliary = zeros(1, embed.dtype).sum();
        Tensor h = embed.index_select(0, tokens.narrow(1, 0, time).reshape(-1)); // [t, d]
        if (model.Style == BlockStyle.Gpt2)
        {
            h = h.Plus(P("positions").narrow(0, 0, time).repeat(batch, 1));
        }

        Tensor input = h, middle = h; // of the block before: its input, and what its attention left
        for (int l = 0; l < model.Layers; l++)
        {
            Tensor before = h, attended = h.Plus(Attention(l, Norm($"layers.{l}.attn_norm", h), batch, time));
            Tensor x = Norm($"layers.{l}.ffn_norm", attended);
            if (!model.IsMoe(l))
            {
                h = attended.Plus(FeedForward($"layers.{l}.ffn", x));
            }
            else if (model.Block.Kind == BlockKind.Standard)
            {
                h = attended.Plus(Moe(l, x, x, step, firstToken));
            }
            else
            {
                Tensor shortcut = model.Block.Shortcut switch { ShortcutPosition.Pos1 => before, ShortcutPosition.Pos2 => middle, _ => input };
                h = attended.Plus(Moe(l, Norm(model.Block.Norm == ShortcutNorm.Own ? $"layers.{l}.shortcut_norm" : $"layers.{l}.ffn_norm", shortcut), x, step, firstToken));
            }

            (input, middle) = (before, attended);
        }

        Tensor head = model.TiedEmbedding ? embed : P("head");
        Tensor logits = mm(Norm("final_norm", h), head.t()); // [t, V]
        Tensor targets = tokens.narrow(1, 1, time).reshape(-1, 1);
        Tensor ce = (logits.logsumexp(1, keepdim: true) - logits.gather(1, targets)).sum();
        Tensor total = ce.Over((double)spec.Training.GlobalBatch * model.Context).Plus(auxiliary.Over((double)spec.Layout.Ranks * spec.Training.MicroBatches));
        return new(total, ce.ToDouble(), balance, routerZ, dropped);
    }

    private Tensor P(string name) => parameters[name];

    private Tensor Norm(string name, Tensor x)
    {
        if (model.Style == BlockStyle.Llama)
        {
            return x / (x * x).mean([-1], keepdim: true).Plus(model.NormEpsilon).sqrt() * P(name);
        }

        Tensor centred = x - x.mean([-1], keepdim: true);
        return (centred / (centred * centred).mean([-1], keepdim: true).Plus(model.NormEpsilon).sqrt() * P(name)).Plus(P(name + ".bias"));
    }

    private Tensor Linear(string name, Tensor x) =>
        model.Style == BlockStyle.Llama ? mm(x, P(name).t()) : mm(x, P(name).t()).Plus(P(name + ".bias"));

    private Tensor Attention(int layer, Tensor x, long batch, long time)
    {
        string name = $"layers.{layer}.attn";
        long width = model.Hidden / model.Heads;
        Tensor q = Split(Linear($"{name}.q", x), model.Heads, true);
        Tensor k = Split(Linear($"{name}.k", x), model.KvHeads, true);
        Tensor v = Split(Linear($"{name}.v", x), model.KvHeads, false);
        Tensor scores = bmm(q, k.transpose(1, 2)).Over(Math.Sqrt(width)); // [B·heads, T, T]
        Tensor future = ones([time, time], ScalarType.Bool).triu(1);
        Tensor mixed = bmm(where(future, zeros_like(scores).Fill(double.NegativeInfinity), scores).softmax(2), v);
        return Linear($"{name}.o", mixed.view(batch, model.Heads, time, width).transpose(1, 2).reshape(batch * time, model.Hidden));

        Tensor Split(Tensor y, int heads, bool turn)
        {
            Tensor h = y.view(batch, time, heads, width).transpose(1, 2); // [B, heads, T, width]
            h = turn && model.Style == BlockStyle.Llama ? Turn(h, time, width) : h;
            return h.repeat_interleave(model.Heads / heads, 1).reshape(batch * model.Heads, time, width);
        }
    }

    private Tensor Turn(Tensor h, long time, long width)
    {
        Tensor frequency = tensor(Enumerable.Range(0, (int)width / 2).Select(i => Math.Pow(model.RopeTheta, -2.0 * i / width)).ToArray());
        Tensor angle = Arithmetic.Range(time, ScalarType.Float64).unsqueeze(1) * frequency;
        Tensor cos = angle.cos().to(h.dtype), sin = angle.sin().to(h.dtype);
        Tensor pairs = h.reshape(h.size(0), h.size(1), time, width / 2, 2);
        Tensor a = pairs.select(4, 0), b = pairs.select(4, 1);
        return stack([(a * cos) - (b * sin), (a * sin).Plus(b * cos)], 4).view(h.shape);
    }

    private Tensor FeedForward(string name, Tensor x)
    {
        if (model.Style == BlockStyle.Llama)
        {
            Tensor a = mm(x, P($"{name}.w1").t());
            return mm(a * a.sigmoid() * mm(x, P($"{name}.w3").t()), P($"{name}.w2").t());
        }

        Tensor u = mm(x, P($"{name}.w1").t()).Plus(P($"{name}.b1"));
        return mm(u.Times(0.5) * u.Over(Math.Sqrt(2)).erf().Plus(1), P($"{name}.w2").t()).Plus(P($"{name}.b2"));
    }

    // x: what gate and routed experts read; current: what the shared ones do.
    private Tensor Moe(int layer, Tensor x, Tensor current, long step, long firstToken)
    {
        string name = $"layers.{layer}";
        long t = x.size(0);
        Tensor clean = mm(x, P($"{name}.gate").t()); // [t, N]
        Tensor g = clean;
        if (moe.NoisyGate)
        {
            Tensor normal = GateNoise.Normal(spec.Training.Seed, step, layer, firstToken, (int)t, moe.Experts);
            g = clean.Plus(normal * mm(x, P($"{name}.gate_noise").t()).exp().Plus(1).log());
        }

        Tensor probabilities = g.softmax(1);
        Tensor experts = (moe.GateOrder == GateOrder.SoftmaxThenTopK ? probabilities : g).detach().topk(moe.TopK, 1).indexes; // [t, k]
        Tensor weights = moe.GateOrder == GateOrder.TopKThenSoftmax ? g.gather(1, experts).softmax(1)
            : moe.NormalizeTopK ? probabilities.gather(1, experts) / probabilities.gather(1, experts).sum(1, keepdim: true)
            : probabilities.gather(1, experts);

        Tensor chosen = zeros(t, moe.Experts, ScalarType.Bool).scatter(1, experts, ones_like(experts).to(ScalarType.Bool)); // [t, N]
        Tensor share = chosen.to(x.dtype).sum(0L).Over(t * moe.TopK);
        Tensor layerBalance = (share * probabilities.mean([0])).sum().Times(moe.Experts);
        Tensor layerZ = clean.logsumexp(1).Squared().mean();
        (balance, routerZ) = (balance + layerBalance.ToDouble(), routerZ + (moe.RouterZLoss == 0 ? 0 : layerZ.ToDouble()));
        auxiliary = auxiliary.Plus(layerBalance.Times(moe.BalanceLoss)).Plus(layerZ.Times(moe.RouterZLoss));

        Tensor result = zeros_like(x);
        for (int e = 0; e < moe.Experts; e++)
        {
            Tensor own = chosen.select(1, e).nonzero().squeeze(1); // tokens that chose e
            own = Keep(own, probabilities.detach().select(1, e), t);
            Tensor weight = (weights * experts.eq(tensor((long)e)).to(x.dtype)).sum(1, keepdim: true); // [t, 1]
            Tensor y = FeedForward($"{name}.experts.{e}", x.index_select(0, own));
            result = result.index_add(0, own, y * weight.index_select(0, own), one);
        }

        if (moe.SharedExperts == 0)
        {
            return result;
        }

        Tensor shared = FeedForward($"{name}.shared", current);
        switch (model.Block.Combine)
        {
            case SharedCombination.Cg1:
                return result.Plus(mm(current, P($"{name}.shared_mix").t()).sigmoid() * shared);
            case SharedCombination.Cg2:
                Tensor shares = mm(current, P($"{name}.shared_mix").t()).softmax(1);
                return (shares.narrow(1, 1, 1) * result).Plus(shares.narrow(1, 0, 1) * shared);
            default:
                return result.Plus(shared);
        }
    }

    // The ⌈γ·t·k/N⌉ tokens with the highest probability, earlier ones first among equals.
    private Tensor Keep(Tensor tokens, Tensor probability, long t)
    {
        int capacity = (int)Math.Ceiling(Math.Round(moe.CapacityFactor * t * moe.TopK / moe.Experts, 9));
        long[] all = tokens.data<long>().ToArray();
        if (moe.CapacityFactor == 0 || all.Length <= capacity)
        {
            return tokens;
        }

        dropped += all.Length - capacity;
        return tensor(all.OrderByDescending(i => (float)probability[i].ToDouble()).ThenBy(i => i).Take(capacity).Order().ToArray());
    }
}
