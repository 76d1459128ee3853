using MoeActors.Compute.Routing;
using MoeActors.Compute.Routing.Gates;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using MoeActors.Compute.Tests.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Routing;

/// <summary>Gates against numbers worked out by hand.</summary>
public sealed class GateOracleTests
{
    private static readonly MoeSpec Moe = Oracle.Moe;

    [Fact]
    public void Softmax_before_and_after_top_k_and_switch()
    {
        using DisposeScope scope = NewDisposeScope();
        Oracle.Near([.7311, .2689], TopKGate.Select(Moe with { GateOrder = GateOrder.TopKThenSoftmax }, Oracle.Token, null, null).Weights);
        Oracle.Near([.6439], TopKGate.Select(Moe with { TopK = 1, NormalizeTopK = false }, Oracle.Token, null, null).Weights);
        Assert.Equal([[0, 1], [1, 0], [0, 2], [1, 2]], Oracle.Experts(Oracle.TopTwo().Choices));
    }

    [Theory]
    [InlineData(.5377, true)]
    [InlineData(.5380, false)]
    public void GShard_keeps_the_second_expert_by_twice_its_share_of_both(double draw, bool kept)
    {
        using DisposeScope scope = NewDisposeScope();
        GateOutput output = GShardGate.Select(Oracle.Token, [draw]);
        Assert.Equal([kept ? [0, 1] : [0]], Oracle.Experts(output.Choices));
        Oracle.Near(kept ? [.7311, .2689] : [.7311], output.Weights);
    }

    [Fact]
    public void GShard_s_draws_are_those_of_the_token_wherever_its_batch_is_cut()
    {
        double[] all = GateNoise.Uniform(new PassNoise(1, 2, 3, 100), 8), tail = GateNoise.Uniform(new PassNoise(1, 2, 3, 105), 3);
        Assert.Equal(all[5..], tail);
        Assert.All(all, u => Assert.InRange(u, 0, 1));
        double[] many = GateNoise.Uniform(new PassNoise(1, 2, 3, 0), 20_000);
        Assert.InRange(many.Average(), .49, .51);
    }

    [Fact]
    public void DeepSeek_V2_keeps_the_best_groups_by_their_best_expert()
    {
        using DisposeScope scope = NewDisposeScope();
        MoeSpec moe = Moe with { Gate = new GateSpec { Name = "deepseek-v2", Groups = 2, KeptGroups = 1, WeightScale = 16 } };
        GateOutput output = GroupLimitedGate.Select(moe, Oracle.Token);
        Assert.Equal([[0, 1]], Oracle.Experts(output.Choices));
        Oracle.Near([.6439, .2369], output.Weights.Over(16));
        Tensor split = tensor(new double[] { 2, -1, 1.5, 1.4 }).view(1, 4);
        Assert.Equal([[0, 1]], Oracle.Experts(GroupLimitedGate.Select(moe, split).Choices)); // without the limit it would be {0, 2}
    }

    [Fact]
    public void DeepSeek_V3_chooses_with_the_bias_and_weighs_without_it()
    {
        using DisposeScope scope = NewDisposeScope();
        MoeSpec moe = Moe with { Gate = new GateSpec { Name = "deepseek-v3" } };
        GateOutput output = BiasedGroupGate.Select(moe, Oracle.Token, [0, 0, .4f, 0]);
        Assert.Equal([[2, 0]], Oracle.Experts(output.Choices));
        Oracle.Near([.3621, .6379], output.Weights);
        Oracle.Near([.5464, .4536], BiasedGroupGate.Select(moe, Oracle.Token, [0, 0, 0, 0]).Weights);

        // Groups by the sum of their two best: .9 + .1 of the first lose against .6 + .6 of the second.
        MoeSpec grouped = moe with { Gate = moe.Gate with { Groups = 2, KeptGroups = 1, WeightScale = 2.5 } };
        GateOutput second = BiasedGroupGate.Select(grouped, tensor(new[] { 2.2, -2.2, .41, .40 }).view(1, 4), [0, 0, 0, 0]);
        Assert.Equal([[2, 3]], Oracle.Experts(second.Choices));
        Assert.Equal(2.5, Oracle.Numbers(second.Weights).Sum(), 1e-6);
    }

    [Fact]
    public void The_bias_of_V3_moves_towards_the_experts_below_the_mean_by_its_rate()
    {
        float[] bias = [0.5f, -0.5f, 0, 0];
        var rule = new LoadBias(1, 4, 0.001);
        rule.Advance(bias, 0, [[0, 0, 0, 0], [7, 1, 4, 4]]);
        Assert.Equal([0.499f, -0.499f, 0, 0], bias);
        float[] part = [0.5f];
        rule.Advance(part, 1, [[0, 0, 0, 0], [7, 1, 4, 4]]);
        Assert.Equal([0.501f], part);
        Assert.Throws<InvalidOperationException>(() => rule.Advance(bias, 0, [[1, 1, 1, 1]]));
    }

    [Fact]
    public void In_expert_choice_each_expert_takes_its_best_tokens()
    {
        using DisposeScope scope = NewDisposeScope();
        GateOutput output = ExpertChoiceGate.Select(Moe, Oracle.Batch);
        int[][] tokens = [.. Enumerable.Range(0, 4).Select(e => Enumerable.Range(0, output.Choices.Count).Where(i => output.Choices.Expert[i] == e).Select(i => output.Choices.Token[i]).ToArray())];
        Assert.Equal([[0, 2], [1, 3], [2, 3], [0, 1]], tokens);
        Assert.Equal([2, 2, 2, 2], output.Choices.PerExpert(4));
        Oracle.Near([.6439], output.Weights.narrow(0, 0, 1));
    }

    [Fact]
    public void A_null_expert_takes_part_in_choosing_and_in_nothing_else()
    {
        using DisposeScope scope = NewDisposeScope();
        MoeSpec moe = Moe with { Experts = 3, Gate = new GateSpec { Name = "null-experts", NullExperts = 1 } };
        GateOutput output = NullExpertGate.Select(moe, tensor(new double[] { 2, 0, -1, 1 }).view(1, 4));
        Assert.Equal([[0, 3]], Oracle.Experts(output.Choices));
        Oracle.Near([1, 0], output.Weights);
        RoutingPlan plan = RoutingPlanner.Plan(Oracle.OneRank, 3, 4, output.Choices);
        Assert.Equal(1, plan.Rows);
        Assert.Equal([1, 0, 0, 1], plan.Routed);
        GateOutput none = NullExpertGate.Select(moe with { Experts = 2, Gate = moe.Gate with { NullExperts = 2 } }, tensor(new double[] { -1, -2, 1, 2 }).view(1, 4));
        Oracle.Near([0, 0], none.Weights);
    }

    [Fact]
    public void Zero_copy_and_constant_experts_give_nothing_the_row_and_a_mix()
    {
        using DisposeScope scope = NewDisposeScope();
        MoeSpec moe = new() { Experts = 1, TopK = 2, ExpertHidden = 1, Gate = new GateSpec { Name = "zero-computation", ZeroExperts = 1, CopyExperts = 1, ConstantExperts = 1 } };
        Tensor x = tensor(new double[] { 1, 0, 0, 0, 1, 0 }).view(2, 3);

        // Token 0 wants zero and copy, token 1 the expert and the constant one.
        Tensor router = tensor(new double[] { -9, 2, 0, 1, -9, 0, 2, -9, 0, -9, 1, 0 }).view(4, 3);
        Dictionary<string, Tensor> parameters = new()
        {
            ["gate"] = router,
            ["gate_constant"] = tensor(new double[] { 0, 0, 5 }).view(1, 3),
            ["gate_constant_mix"] = zeros([2, 3], ScalarType.Float64),
        };
        GateOutput output = new ZeroComputationGate(moe).Route(new GateInput(x, n => parameters[n], null));
        Assert.Equal([[2, 1], [0, 3]], Oracle.Experts(output.Choices));
        double expert = Math.E / (Math.E + 1);
        Oracle.Near([1, 0, expert, 1 - expert], output.Weights);
        double half = (1 - expert) / 2;
        Oracle.Near([1, 0, 0, 0, half, 5 * half], output.Local!);
    }

    [Fact]
    public void A_hash_deals_each_run_of_ids_out_once_and_otherwise_in_another_block()
    {
        var gate = new HashGate(Moe with { TopK = 3 });
        for (int block = 0; block < 4; block++)
        {
            int[] first = [.. Enumerable.Range(0, 48).Select(id => gate.Expert(block, id, 0))];
            Assert.All(first.CountBy(e => e), c => Assert.Equal(12, c.Value));
            Assert.All(Enumerable.Range(0, 48), id => Assert.Equal(3, Enumerable.Range(0, 3).Select(j => gate.Expert(block, id, j)).Distinct().Count()));
        }

        Assert.NotEqual(Enumerable.Range(0, 48).Select(id => gate.Expert(0, id, 0)), Enumerable.Range(0, 48).Select(id => gate.Expert(1, id, 0)));
    }

    [Fact]
    public void Thresholds_choose_any_number_with_weight_1_and_are_reached_by_the_gradient()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor rows = tensor(new double[] { 1, 0, -1, -1 }).view(2, 2), router = tensor(new double[] { 1, 0, 1, 1, -1, 0.2 }).view(3, 2).requires_grad_();
        Tensor scale = ones(1, ScalarType.Float64).requires_grad_(), thresholds = tensor(new[] { 0, 0, 1.0 }).requires_grad_();
        GateOutput training = ThresholdGate.Select(rows, router, scale, thresholds, training: true);
        Assert.Equal([[0, 1], []], Oracle.Experts(training.Choices));
        Oracle.Near([1, 1], training.Weights);
        (training.Weights * tensor(new[] { 1.0, 2.0 })).sum().backward();
        Oracle.Near([-.25, -.5, 0], thresholds.grad!); // -σ'(0) of each chosen
        Assert.True(router.grad!.abs().sum().ToDouble() > 0);
        GateOutput serving = ThresholdGate.Select(rows, router, scale, thresholds, training: false);
        Assert.Equal([[0, 1], [2]], Oracle.Experts(serving.Choices));
        double cos = .8 / (Math.Sqrt(2) * Math.Sqrt(1.04));
        Oracle.Near([1, 1, 1 / (1 + Math.Exp(-cos))], serving.Weights);
    }
}
