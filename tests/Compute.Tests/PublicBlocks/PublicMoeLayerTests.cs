using MoeActors.Compute.Experts;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Routing;
using MoeActors.Compute.Routing.Gates;
using MoeActors.Compute.Routing.Losses;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using MoeActors.Compute.Tests.Experts;
using MoeActors.Compute.Tests.Routing;
using MoeActors.Compute.Tests.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.PublicBlocks;

/// <summary>Whole MoE layers of the transformers library against ours: gate, plan and expert shard give its outputs, auxiliary loss and every gradient. What is no part of ours, the shared experts of its layouts, is plain torch here.</summary>
public sealed class PublicMoeLayerTests
{
    private const double Tolerance = 1e-5;

    private static readonly MoeSpec Softmax = new() { Experts = 8, TopK = 2, ExpertHidden = 24, NormalizeTopK = false };

    public static TheoryData<string, double, MoeSpec> Layers => new()
    {
        { "hf_mixtral_e8k2", 0.02, Softmax with { ExpertHidden = 32, NormalizeTopK = true } },
        { "hf_mixtral_e8k2", 0.02, Softmax with { ExpertHidden = 32, GateOrder = GateOrder.TopKThenSoftmax } },
        { "hf_olmoe_e16k4", 0.01, Softmax with { Experts = 16, TopK = 4 } },
        { "hf_qwen2_moe_e8k2_shared", 0.001, Softmax },
        { "hf_deepseek_v2_e8k3_greedy", 0, Softmax with { TopK = 3, NormalizeTopK = true, Gate = new GateSpec { Name = "deepseek-v2", WeightScale = 1.5 } } },
    };

    [Theory]
    [MemberData(nameof(Layers), DisableDiscoveryEnumeration = true)]
    public void A_layer_of_transformers_gives_the_same(string name, double coefficient, MoeSpec moe)
    {
        using DisposeScope scope = NewDisposeScope();
        var block = new PublicBlock(name);
        foreach (string weight in block.Weights)
        {
            block[$"w.{weight}"].requires_grad_();
        }

        Tensor x = block["hidden"].view(-1, 16).detach().requires_grad_(), r = block["R"].view(-1, 16);
        GateOutput gate = GateCatalogue.Of(moe).Route(new GateInput(x, _ => block["w.gate.weight"], null));
        Values.Close(block["router_logits"], gate.Logits, Tolerance);
        Assert.Equal(Sorted(block.Integers("topk_index"), moe.TopK), Sorted([.. gate.Choices.Expert.Select(e => (long)e)], moe.TopK));
        RoutingPlan plan = RoutingPlanner.Plan(Oracle.OneRank, moe.Experts, moe.Experts, gate.Choices);
        Assert.Equal(block.Integers("tokens_per_expert"), plan.Kept.Select(n => (long)n));

        using Shard shard = new(block, moe);
        Tensor token = Indices(plan.Token), y = shard.Forward(plan, x.detach().index_select(0, token)).requires_grad_();
        Tensor weighted = y * gate.Weights.index_select(0, Indices(plan.Choice)).unsqueeze(1);
        using Scalar one = 1.ToScalar();
        Tensor output = zeros_like(x).index_add(0, token, weighted, one).Plus(SharedExperts(block, x));
        Values.Close(block["output"].view(-1, 16), output, Tolerance);

        Tensor cost = LossCatalogue.All.Single(l => l.Name == "balance-hf").Of(gate, plan, new RoutingGroup(moe, Oracle.OneRank, gate.Choices.Tokens));
        Tensor loss = (output * r).sum().Plus(cost.Times(coefficient));
        Assert.True(coefficient == 0 || Values.MaxDifference(block["aux_loss"].view(), cost) < Tolerance);
        Values.Close(block["loss"].view(), loss, Tolerance);
        loss.backward();

        Tensor dx = shard.Backward(plan, y.grad!);
        Values.Close(block["grad.hidden"].view(-1, 16), x.grad!.index_add(0, token, dx, one), Tolerance);
        shard.GradientsAre(block);
        foreach (string weight in block.Weights.Where(w => !w.StartsWith("experts.", StringComparison.Ordinal)))
        {
            Values.Close(block[$"grad.{weight}"], block[$"w.{weight}"].grad!, Tolerance);
        }
    }

    private static Tensor SharedExperts(PublicBlock block, Tensor x)
    {
        string? name = new[] { "shared_expert", "shared_experts" }.FirstOrDefault(n => block.Weights.Contains($"{n}.up_proj.weight"));
        if (name is null)
        {
            return zeros_like(x);
        }

        Tensor Of(Tensor input, string part) => nn.functional.linear(input, block[$"w.{name}.{part}_proj.weight"]);
        Tensor y = Of(nn.functional.silu(Of(x, "gate")) * Of(x, "up"), "down");
        return block.Weights.Contains("shared_expert_gate.weight") ? nn.functional.linear(x, block["w.shared_expert_gate.weight"]).sigmoid() * y : y;
    }

    private static Tensor Indices(int[] of) => tensor(Array.ConvertAll(of, i => (long)i));

    private static long[][] Sorted(long[] experts, int k) => [.. experts.Chunk(k).Select(c => c.Order().ToArray())];

    /// <summary>All experts of the layer on one rank.</summary>
    private sealed class Shard : IDisposable
    {
        private readonly int experts, width;
        private readonly ParameterLayout parameters;
        private readonly Tensor weights;
        private readonly ChunkServer server;

        public Shard(PublicBlock block, MoeSpec moe)
        {
            ModelSpec model = ExpertCase.Model(BlockStyle.Llama, 16, moe.ExpertHidden) with { Moe = moe };
            (experts, width, parameters) = (moe.Experts, moe.ExpertHidden, ParameterLayout.Experts(model, 1, 0, moe.Experts));
            weights = zeros(parameters.Total);
            foreach ((Tensor to, Tensor from) in Views(weights).Zip(Views(block["w.experts.gate_up_proj"].detach(), block["w.experts.down_proj"].detach())))
            {
                to.copy_(from);
            }

            server = new ChunkServer(new ExpertBank(model, Oracle.OneRank, 1, 0, parameters, weights), Oracle.OneRank, 0);
        }

        public Tensor Forward(RoutingPlan plan, Tensor rows) =>
            cat([.. plan.Chunks.Select(c => server.Forward(Key(c), rows.narrow(0, c.FirstRow, c.Rows).clone(), c.Segments))], 0);

        public Tensor Backward(RoutingPlan plan, Tensor dy) => cat([.. plan.Chunks.Select(c => server.Backward(Key(c), dy.narrow(0, c.FirstRow, c.Rows).clone()))], 0);

        /// <summary>Holds the experts' gradients against the block's.</summary>
        public void GradientsAre(PublicBlock block)
        {
            Tensor gradient = zeros(parameters.Total);
            while (server.AccumulateNext(gradient))
            {
            }

            foreach ((Tensor ours, Tensor theirs) in Views(gradient).Zip(Views(block["grad.experts.gate_up_proj"], block["grad.experts.down_proj"])))
            {
                Values.Close(theirs, ours, Tolerance);
            }
        }

        public void Dispose() => server.Dispose();

        private static ChunkKey Key(DispatchChunk chunk) => new(0, 0, chunk.Index, chunk.Count);

        /// <summary>The parts of each expert in a flat tensor.</summary>
        private IEnumerable<Tensor> Views(Tensor flat) =>
            from e in Enumerable.Range(0, experts)
            from part in new[] { "w1", "w3", "w2" }
            select parameters.View(flat, parameters.Entries.Single(x => x.Name == $"layers.1.experts.{e}.{part}"));

        /// <summary>The same parts in the public layout: rows 0 … f-1 of the first tensor are w1, the rest w3.</summary>
        private IEnumerable<Tensor> Views(Tensor gateUp, Tensor down) =>
            from e in Enumerable.Range(0, experts)
            from part in new[] { gateUp[e].narrow(0, 0, width), gateUp[e].narrow(0, width, width), down[e] }
            select part;
    }
}
