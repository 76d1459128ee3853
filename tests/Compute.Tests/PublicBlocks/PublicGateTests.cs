using MoeActors.Compute.Routing;
using MoeActors.Compute.Routing.Capacity;
using MoeActors.Compute.Routing.Gates;
using MoeActors.Compute.Routing.Losses;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using MoeActors.Compute.Tests.Routing;
using MoeActors.Compute.Tests.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.PublicBlocks;

/// <summary>Gates, capacity policies and balance losses against the numbers of DeepSpeed, Tutel and FastMoE: what is chosen, what is dropped, what it weighs, what it costs, and the gradient of all of it.</summary>
public sealed class PublicGateTests
{
    private const double Tolerance = 3e-6, Coefficient = 0.1;

    private static readonly MoeSpec Eight = new() { Experts = 8, TopK = 2, ExpertHidden = 1 };

    /// <summary>DeepSpeed weighs what is kept by its share of what is kept of its token, so that the weights of what a drop left are normalised here.</summary>
    [Theory]
    [InlineData("ds_top1_nodropneeded", 1, 3, "order", "balance-switch")]
    [InlineData("ds_top2_nodrop", 2, 0, "dropless", "balance-switch")]
    [InlineData("ds_top2_drop", 2, 1, "first-choices", "balance-switch")]
    [InlineData("ds_topk2_position", 2, 1, "order", "balance")]
    [InlineData("ds_topk2_probs_positive", 2, 1, "score", "balance")]
    public void DeepSpeed_s_gates_choose_drop_and_cost_the_same(string name, int k, double factor, string policy, string loss)
    {
        using DisposeScope scope = NewDisposeScope();
        var block = new PublicBlock(name);
        MoeSpec moe = Eight with { TopK = k, CapacityFactor = factor, CapacityPolicy = policy };
        Tensor logits = block["logits"].requires_grad_(), mask = block["dispatch_mask"];
        GateOutput gate = TopKGate.Select(moe, logits, null, null);
        if (policy == "score")
        {
            // DeepSpeed's drop by "probs" serves an expert's highest logits first, not its highest probabilities.
            gate = gate with { Choices = gate.Choices with { Priority = Selection.Pick(logits.detach(), gate.Choices).data<float>().ToArray() } };
        }

        bool[]? kept = Kept(moe, gate);
        Choices left = Selection.Where(gate.Choices, i => kept is null || kept[i]);
        Assert.True(factor == 0 || mask.size(2) == RoutingPlanner.Capacity(moe, 64));
        Assert.Equal(Pairs(mask.sum(2)), left.Token.Zip(left.Expert).Order());

        RoutingPlan plan = RoutingPlanner.Plan(Oracle.OneRank, 8, 8, gate.Choices, kept);
        Assert.Equal(block.Integers("exp_counts"), plan.Routed.Select(n => (long)n));
        Tensor cost = Loss(loss).Of(gate, plan, new RoutingGroup(moe, Oracle.OneRank, 64));
        Values.Close(block["l_aux"].view(), cost, Tolerance);

        Tensor picked = Selection.Pick(gate.Scores, left), weights = k == 1 ? picked : Selection.PerToken(picked, left);
        Values.Close(Selection.Pick(block["combine_weights"].sum(2), left), weights, Tolerance);
        Tensor seen = Selection.Pick((block["R"] * mask).sum(2), left);
        Backward(block, (weights * seen).sum(), cost);
        Values.Close(block["grad.logits"], logits.grad!, Tolerance);
    }

    [Theory]
    [InlineData("tutel_top1", 1)]
    [InlineData("tutel_top2", 2)]
    [InlineData("tutel_top2_auto", 2)]
    [InlineData("tutel_top2_limited", 2)]
    public void Tutel_s_routing_chooses_drops_and_costs_the_same(string name, int k)
    {
        using DisposeScope scope = NewDisposeScope();
        var block = new PublicBlock(name);
        MoeSpec moe = Eight with { TopK = k, NormalizeTopK = k > 1, CapacityPolicy = "first-choices" };
        Tensor logits = block["logits"].requires_grad_();
        GateOutput gate = TopKGate.Select(moe, logits, null, null);
        int tokens = gate.Choices.Tokens, capacity = (int)block.Integers("capacity")[0];
        Values.Close(block["scores"], gate.Scores, Tolerance);
        Assert.Equal(block["indices"].t().flatten().data<long>(), gate.Choices.Expert.Select(e => (long)e));
        Assert.True(name.Contains("_top2_", StringComparison.Ordinal) || capacity == RoutingPlanner.Capacity(moe with { CapacityFactor = 1 }, tokens));
        bool[] kept = CapacityCatalogue.Of(moe).Decide(gate.Choices, new CapacityLimits(8, capacity)).Kept ?? [.. Enumerable.Repeat(true, gate.Choices.Count)];
        Assert.Equal(block["locations"].t().flatten().data<long>().Select(l => l < capacity), kept);

        Tensor cost = Loss("balance-switch").Of(gate, RoutingPlanner.Plan(Oracle.OneRank, 8, 8, gate.Choices, kept), new RoutingGroup(moe, Oracle.OneRank, tokens));
        Values.Close(block["l_aux"].view(), cost, Tolerance);
        Tensor weights = gate.Weights.view(tokens, k).t();
        Values.Close(block["gates"], weights, Tolerance);
        Backward(block, (weights * block["R"]).sum(), cost);
        Values.Close(block["grad.logits"], logits.grad!, Tolerance);
    }

    [Fact]
    public void FastMoE_s_naive_gate_is_softmax_of_the_k_best()
    {
        using DisposeScope scope = NewDisposeScope();
        var block = new PublicBlock("fastmoe_naive");
        (Tensor x, Tensor w, Tensor b, Tensor logits) = Biased(block);
        GateOutput gate = TopKGate.Select(Eight with { GateOrder = GateOrder.TopKThenSoftmax }, logits, null, null);
        Assert.Equal(block.Integers("topk_index"), gate.Choices.Expert.Select(e => (long)e));
        Values.Close(block["topk_weight"].flatten(), gate.Weights, Tolerance);
        (gate.Weights * block["R"].flatten()).sum().backward();
        Gradients(block, x, w, b);
    }

    /// <summary>FastMoE counts the load of its balance loss after the drop, and has the mean probability over what was kept.</summary>
    [Fact]
    public void FastMoE_s_switch_gate_keeps_the_earliest_rows()
    {
        using DisposeScope scope = NewDisposeScope();
        var block = new PublicBlock("fastmoe_switch");
        (Tensor x, Tensor w, Tensor b, Tensor logits) = Biased(block);
        MoeSpec moe = Eight with { TopK = 1, NormalizeTopK = false, CapacityFactor = 0.8, CapacityPolicy = "order" };
        GateOutput gate = TopKGate.Select(moe, logits, null, null);
        bool[]? kept = Kept(moe, gate);
        Assert.Equal(block.Integers("topk_index"), gate.Choices.Expert.Select((e, i) => kept![i] ? (long)e : -1));
        Values.Close(block["topk_weight"].flatten(), gate.Weights, Tolerance);
        RoutingPlan plan = RoutingPlanner.Plan(Oracle.OneRank, 8, 8, gate.Choices, kept);
        Tensor cost = BalanceLoss.Of(gate.Scores, plan.Kept, plan.Rows).Times((double)plan.Tokens / plan.Rows);
        Values.Close(block["l_aux"], cost.view(1), Tolerance);
        (gate.Weights * block["R"].flatten()).sum().Plus(cost.Times(Coefficient)).backward();
        Gradients(block, x, w, b);
    }

    private static bool[]? Kept(MoeSpec moe, GateOutput gate) =>
        CapacityCatalogue.Of(moe).Decide(gate.Choices, new CapacityLimits(moe.Experts, RoutingPlanner.Capacity(moe, gate.Choices.Tokens))).Kept;

    private static IAuxiliaryLoss Loss(string name) => LossCatalogue.All.Single(l => l.Name == name);

    private static (Tensor X, Tensor Router, Tensor Bias, Tensor Logits) Biased(PublicBlock block)
    {
        (Tensor x, Tensor w, Tensor b) = (block["hidden"].requires_grad_(), block["w.gate"].requires_grad_(), block["w.gate_bias"].requires_grad_());
        return (x, w, b, nn.functional.linear(x, w, b));
    }

    private static void Backward(PublicBlock block, Tensor combined, Tensor cost)
    {
        Tensor loss = combined.Plus(cost.Times(Coefficient));
        Values.Close(block["loss"].view(), loss, Tolerance);
        loss.backward();
    }

    private static void Gradients(PublicBlock block, Tensor x, Tensor w, Tensor b)
    {
        Values.Close(block["grad.hidden"], x.grad!, Tolerance);
        Values.Close(block["grad.gate"], w.grad!, Tolerance);
        Values.Close(block["grad.gate_bias"], b.grad!, Tolerance);
    }

    /// <summary>Where a table [t, n] is not 0.</summary>
    private static (int Token, int Expert)[] Pairs(Tensor table)
    {
        float[] values = table.contiguous().data<float>().ToArray();
        int width = (int)table.size(1);
        return [.. Enumerable.Range(0, values.Length).Where(i => values[i] != 0).Select(i => (i / width, i % width))];
    }
}
