using MoeActors.Compute.Routing;
using MoeActors.Compute.Routing.Losses;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using MoeActors.Compute.Tests.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Routing;

/// <summary>Losses against numbers worked out by hand, and what holds for all of them.</summary>
public sealed class LossOracleTests
{
    [Theory]
    [InlineData("balance", 1.3571)]
    [InlineData("balance-switch", 1.6119)]
    [InlineData("balance-hf", 2.7143)]
    [InlineData("balance-gshard", .1007)]
    [InlineData("balance-sequence", 1.3571)]
    [InlineData("balance-device", 1.3059)]
    [InlineData("balance-communication", .9030)]
    [InlineData("skywork", .0988)]
    [InlineData("importance", .5706)]
    [InlineData("importance-unbiased", .7608)]
    [InlineData("load", .3115)]
    [InlineData("load-unbiased", .4154)]
    [InlineData("mutual-information", -.2092)]
    public void On_the_example(string name, double expected)
    {
        using DisposeScope scope = NewDisposeScope();
        GateOutput output = Oracle.TopTwo() with { Noisy = Oracle.Batch, Deviation = ones([4, 4], ScalarType.Float64) };
        Tensor value = Named(name).Of(output, Oracle.Plan(output), new RoutingGroup(Oracle.Moe, Oracle.TwoRanks, 4));
        Assert.Equal(expected, value.ToDouble(), 6e-5);
    }

    [Fact]
    public void Smooth_load_and_router_z()
    {
        using DisposeScope scope = NewDisposeScope();
        Oracle.Near([2.9545, 2.9545, 1.8641, .2269], LoadLoss.Of(Oracle.Batch, Oracle.Batch, ones([4, 4], ScalarType.Float64), 2));
        Tensor token = Oracle.Token;
        Assert.Equal(5.9545, new RouterZLoss().Of(new GateOutput(token, token, token, new Choices(1, [], [], [])), null!, null!).ToDouble(), 6e-5);
    }

    [Fact]
    public void Nulls_share_one_mean_load_and_cheap_experts_weigh_less()
    {
        using DisposeScope scope = NewDisposeScope();

        // Two experts and two nulls: 6 of 8 choices are of nulls, unevenly; each null counts 3.
        Tensor p = tensor(new[] { .1, .2, .3, .4 }).view(1, 4).repeat(4, 1);
        var choices = new Choices(4, [0, 0, 1, 1, 2, 2, 3, 3], [0, 3, 1, 3, 2, 3, 2, 3], new float[8]);
        var output = new GateOutput(p, p, zeros(8, ScalarType.Float64), choices);
        RoutingPlan plan = RoutingPlanner.Plan(Oracle.OneRank, 2, 4, choices);
        MoeSpec moe = new() { Experts = 2, TopK = 2, ExpertHidden = 1, Gate = new GateSpec { NullExperts = 2 } };
        var group = new RoutingGroup(moe, Oracle.OneRank, 4);
        Assert.Equal(4 * ((.125 * .1) + (.125 * .2) + (.375 * .3) + (.375 * .4)), Named("balance-null").Of(output, plan, group).ToDouble(), 1e-6);
        Assert.Equal(4 * ((.125 * .1) + (.125 * .2) + (.75 * .25 * .3) + (.75 * .5 * .4)), Named("balance-cheap").Of(output, plan, group).ToDouble(), 1e-6);
    }

    [Fact]
    public void Of_the_router_s_own_rows()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor router = tensor(new double[] { 3, 0, 0, 2, 1, 1 }).view(3, 2);
        GateOutput output = Oracle.TopTwo() with { Router = router };

        // W·Wᵀ - I = [[8,0,3],[0,3,2],[3,2,1]].
        Assert.Equal(Math.Sqrt(64 + 9 + 9 + 4 + 9 + 4 + 1) + ((3 + 2 + Math.Sqrt(2)) / 3), Named("diversity").Of(output, null!, null!).ToDouble(), 1e-6);
        Assert.Equal(4 * .5, Named("orthogonality").Of(output, null!, null!).ToDouble(), 1e-6);
    }

    /// <summary>A group of two copies of the example says what the example says: nothing scales with how many tokens there are.</summary>
    [Theory]
    [MemberData(nameof(All))]
    public void No_loss_scales_with_the_number_of_tokens(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        double Value(int copies)
        {
            Tensor logits = Oracle.Batch.repeat(copies, 1).requires_grad_();
            GateOutput output = MoeActors.Compute.Routing.Gates.TopKGate.Select(Oracle.Moe, logits, null, null) with
            {
                Noisy = logits,
                Deviation = ones([4L * copies, 4], ScalarType.Float64),
                Router = Oracle.Batch,
            };
            return Named(name).Of(output, Oracle.Plan(output), new RoutingGroup(Oracle.Moe, Oracle.TwoRanks, 4)).ToDouble();
        }

        Assert.Equal(Value(1), Value(3), 1e-5);
    }

    /// <summary>Those of single tokens and single sequences do not depend on how sequences are put into micro-batches: the mean over groups is the same.</summary>
    [Theory]
    [InlineData("router-z")]
    [InlineData("balance-sequence")]
    [InlineData("balance-device")]
    [InlineData("balance-communication")]
    public void What_is_of_a_sequence_does_not_depend_on_micro_batches(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor all = Values.Normal(5, ScalarType.Float64, 16, 4);
        double Value(int first, int tokens)
        {
            GateOutput output = MoeActors.Compute.Routing.Gates.TopKGate.Select(Oracle.Moe, all.narrow(0, first, tokens), null, null);
            return Named(name).Of(output, Oracle.Plan(output), new RoutingGroup(Oracle.Moe, Oracle.TwoRanks, 4)).ToDouble();
        }

        double whole = Value(0, 16);
        Assert.Equal(whole, (Value(0, 8) + Value(8, 8)) / 2, 1e-6);
        Assert.Equal(whole, Enumerable.Range(0, 4).Average(s => Value(4 * s, 4)), 1e-6);
    }

    public static TheoryData<string> All() => [.. LossCatalogue.All.Select(l => l.Name)];

    private static IAuxiliaryLoss Named(string name) => LossCatalogue.All.Single(l => l.Name == name);
}
