using MoeActors.Compute.Specs;
using MoeActors.Compute.Tests.Reference;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Models;

/// <summary>The gradients that come back over the cuts, in float64.</summary>
public sealed class CutGraphGradientTests
{
    private static readonly MoeSpec Moe = TinyRun.Moe;

    public static TheoryData<string> Cases => [.. Specs.Keys, .. BlockCases.Specs.Keys];

    private static Dictionary<string, RunSpec> Specs => new()
    {
        ["llama"] = TinyRun.Spec(ranks: 2, expertParallel: 2, moe: Moe with { SharedExperts = 1, RouterZLoss = 0.1, BalanceLoss = 0.5, NormalizeTopK = false }),
        ["gpt-2, drops"] = TinyRun.Spec(BlockStyle.Gpt2, Moe with { CapacityFactor = 1.0, BalanceLoss = 0.5 }, ranks: 2, expertParallel: 2),
        ["noisy gate, softmax last, replicas"] = TinyRun.Spec(ranks: 2, expertParallel: 1, moe: Moe with { NoisyGate = true, GateOrder = GateOrder.TopKThenSoftmax }),
        ["gpt-2, top-1, noisy"] = TinyRun.Spec(BlockStyle.Gpt2, Moe with { TopK = 1, NoisyGate = true, NormalizeTopK = false, SharedExperts = 2 }, ranks: 2, expertParallel: 2),
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void They_equal_those_of_whole_graph_autograd_in_every_parameter(string name)
    {
        using var scope = NewDisposeScope();
        RunSpec spec = Specs.GetValueOrDefault(name) ?? BlockCases.Specs[name];
        using var cut = new CutGraph(spec, ScalarType.Float64);
        Dictionary<string, Tensor> whole = ReferenceTrainer.Initial(spec.Model, spec.Training.Seed, ScalarType.Float64);
        using var reference = new ReferenceTrainer(spec, whole, TinyRun.Batches(spec));
        Tensor total = reference.Total(_ => { });
        total.backward();
        double loss = cut.Run(arrivals: 1);
        Assert.Equal(total.ToDouble(), loss, 1e-12);
        foreach ((string parameter, Tensor _, Tensor gradient) in cut.Parameters())
        {
            Tensor expected = whole[parameter].grad ?? zeros_like(whole[parameter]);
            double scale = expected.abs().max().ToDouble();
            double error = (gradient - expected).abs().max().ToDouble();
            Assert.True(error <= (1e-9 * scale) + 1e-14, $"{parameter}: off by {error} of {scale}");
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void They_equal_central_differences_of_the_loss(string name)
    {
        using var scope = NewDisposeScope();
        RunSpec spec = Specs.GetValueOrDefault(name) ?? BlockCases.Specs[name];
        using var cut = new CutGraph(spec, ScalarType.Float64);
        cut.Run(arrivals: 2);
        cut.EqualsCentralDifferences(n => n.Contains("layers.1", StringComparison.Ordinal) || !n.StartsWith("layers", StringComparison.Ordinal));
    }

    /// <summary>What a gate gives rows without an expert waits for the combine where the gate reads a shortcut.</summary>
    [Fact]
    public void Zero_computation_experts_behind_a_shortcut_equal_central_differences()
    {
        using var scope = NewDisposeScope();
        RunSpec spec = BlockCases.Of(new BlockSpec { Kind = BlockKind.ScMoe, Combine = SharedCombination.Cg1 });
        MoeSpec moe = GateCases.With(spec.Model.Moe, "zero-computation");
        using var cut = new CutGraph(spec with { Model = spec.Model with { Moe = moe } }, ScalarType.Float64);
        cut.Run(arrivals: 2);
        cut.EqualsCentralDifferences(_ => true);
    }

    [Theory]
    [InlineData(ScalarType.Float32, "shared expert")]
    [InlineData(ScalarType.BFloat16, "shared expert")]
    [InlineData(ScalarType.Float32, "ScMoE Pos-3, CG-2, drops")]
    [InlineData(ScalarType.BFloat16, "ScMoE Pos-3, CG-2, drops")]
    public void They_are_bitwise_the_same_whatever_the_arrival_order(ScalarType dtype, string name)
    {
        using var scope = NewDisposeScope();
        RunSpec spec = BlockCases.Specs.GetValueOrDefault(name) ?? TinyRun.Spec(moe: Moe with { SharedExperts = 1 }, chunkRows: 5);
        using var a = new CutGraph(spec, dtype);
        using var b = new CutGraph(spec, dtype);
        Assert.Equal(a.Run(arrivals: 1), b.Run(arrivals: 2));
        foreach (((string parameter, Tensor _, Tensor one), (string _, Tensor _, Tensor two)) in a.Parameters().Zip(b.Parameters()))
        {
            Assert.True(one.contiguous().bytes.SequenceEqual(two.contiguous().bytes), parameter);
        }
    }
}
