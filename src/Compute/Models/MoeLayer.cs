using MoeActors.Compute.Routing;
using MoeActors.Compute.Routing.Gates;
using MoeActors.Compute.Specs;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Models;

/// <summary>What an MoE layer has on the rank: the norms its experts read through, its gate, its shared experts and what weighs them. The routed experts are elsewhere. Holds borrowed leaves.</summary>
internal sealed class MoeLayer
{
    private readonly Norm norm;
    private readonly Norm? shortcut;
    private readonly Tensor? mix;
    private readonly IGate gate;
    private readonly FeedForward? shared;
    private readonly int block;
    private readonly Dictionary<string, Tensor> gateParameters = [];

    public MoeLayer(ModelSpec model, ParameterLeaves leaves, int block)
    {
        this.block = block;
        string name = $"layers.{block}";
        norm = new Norm(model, leaves, $"{name}.ffn_norm");
        gate = GateCatalogue.Of(model.Moe);
        foreach (ParameterShape parameter in gate.Parameters(model, block))
        {
            gateParameters.Add(parameter.Name, leaves[$"{name}.{parameter.Name}"]);
        }

        shortcut = model.Block is { Kind: BlockKind.ScMoe, Norm: ShortcutNorm.Own } ? new Norm(model, leaves, $"{name}.shortcut_norm") : null;
        shared = model.Moe.SharedExperts > 0 ? new FeedForward(leaves, $"{name}.shared") : null;
        mix = leaves.Find($"{name}.shared_mix");
    }

    /// <summary>What the shared experts read of the residual stream, and without a shortcut gate and routed experts too: [t, d] → [t, d].</summary>
    public Tensor Normed(Tensor h) => norm.Forward(h);

    /// <summary>What gate and routed experts read of the stream where the shortcut begins: [t, d] → [t, d].</summary>
    public Tensor ShortcutNormed(Tensor h) => (shortcut ?? norm).Forward(h);

    /// <summary>The gate's choices for the rows [t, d] of whole sequences of token ids, fp32 at least; with the noise named, in training.</summary>
    public GateOutput Gate(Tensor normed, PassNoise? noise, int[] tokens, int sequenceLength) =>
        gate.Route(new GateInput(Wide(normed), name => Wide(gateParameters[name]), noise) { Tokens = tokens, SequenceLength = sequenceLength, Block = block });

    /// <summary>The shared experts, weighed: [t, d] → [t, d]; and what the routed ones' sum is weighed with, fp32 at least [t, 1], or null for 1 (ScMoE's CG-1 and CG-2).</summary>
    public (Tensor Shared, Tensor? Routed) Shared(Tensor normed)
    {
        Tensor y = shared!.Forward(normed);
        if (mix is null)
        {
            return (y, null);
        }

        Tensor logits = nn.functional.linear(Wide(normed), Wide(mix)); // [t, 1] or [t, 2]
        if (mix.size(0) == 1)
        {
            return (y * logits.sigmoid().to(y.dtype), null);
        }

        Tensor shares = nn.functional.softmax(logits, dim: 1);
        return (y * shares.narrow(1, 0, 1).to(y.dtype), shares.narrow(1, 1, 1));
    }

    private static Tensor Wide(Tensor x) => x.dtype == ScalarType.BFloat16 ? x.to(ScalarType.Float32) : x;
}
