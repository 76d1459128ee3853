using MoeActors.Compute.Routing;
using MoeActors.Compute.Routing.Gates;
using MoeActors.Compute.Specs;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Models;

/// <summary>What an MoE layer has on the rank: the norm its experts read through, its gate, its shared experts. The routed experts are elsewhere. Holds borrowed leaves.</summary>
internal sealed class MoeLayer
{
    private readonly Norm norm;
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

        shared = model.Moe.SharedExperts > 0 ? new FeedForward(leaves, $"{name}.shared") : null;
    }

    /// <summary>What gate and experts read of the residual stream: [t, d] → [t, d].</summary>
    public Tensor Normed(Tensor h) => norm.Forward(h);

    /// <summary>The gate's choices for the rows [t, d] of whole sequences of token ids, fp32 at least; with the noise named, in training.</summary>
    public GateOutput Gate(Tensor normed, PassNoise? noise, int[] tokens, int sequenceLength) =>
        gate.Route(new GateInput(Wide(normed), name => Wide(gateParameters[name]), noise) { Tokens = tokens, SequenceLength = sequenceLength, Block = block });

    /// <summary>The shared experts: [t, d] → [t, d].</summary>
    public Tensor Shared(Tensor normed) => shared!.Forward(normed);

    private static Tensor Wide(Tensor x) => x.dtype == ScalarType.BFloat16 ? x.to(ScalarType.Float32) : x;
}
