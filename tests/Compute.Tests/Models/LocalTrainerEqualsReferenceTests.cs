using MoeActors.Compute.Local;
using MoeActors.Compute.Passes;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tests.Reference;

namespace MoeActors.Compute.Tests.Models;

/// <summary>The engine of cut graphs, chunks and shards against one autograd graph over everything.</summary>
public sealed class LocalTrainerEqualsReferenceTests
{
    private static readonly MoeSpec Moe = TinyRun.Moe;

    public static TheoryData<string> Cases => [.. Specs.Keys, .. BlockCases.Specs.Keys];

    private static Dictionary<string, RunSpec> Specs => new()
    {
        ["top-1"] = TinyRun.Spec(moe: Moe with { TopK = 1, NormalizeTopK = false }),
        ["top-2"] = TinyRun.Spec(),
        ["capacity 1.25 with drops"] = TinyRun.Spec(moe: Moe with { CapacityFactor = 1.25 }),
        ["capacity 1.25 with drops, top-1"] = TinyRun.Spec(moe: Moe with { CapacityFactor = 1.25, TopK = 1 }),
        ["shared expert"] = TinyRun.Spec(moe: Moe with { SharedExperts = 1 }),
        ["two shared experts, gpt-2"] = TinyRun.Spec(BlockStyle.Gpt2, Moe with { SharedExperts = 2 }),
        ["gpt-2"] = TinyRun.Spec(BlockStyle.Gpt2),
        ["top-k before softmax"] = TinyRun.Spec(moe: Moe with { GateOrder = GateOrder.TopKThenSoftmax }),
        ["softmax before top-k, not normalised"] = TinyRun.Spec(moe: Moe with { NormalizeTopK = false }),
        ["noisy gate"] = TinyRun.Spec(moe: Moe with { NoisyGate = true, GateOrder = GateOrder.TopKThenSoftmax }),
        ["router z-loss"] = TinyRun.Spec(moe: Moe with { RouterZLoss = 0.01 }),
        ["two groups of two"] = TinyRun.Spec(expertParallel: 2),
        ["four replicas"] = TinyRun.Spec(expertParallel: 1),
        ["uneven experts"] = TinyRun.Spec(moe: Moe with { Experts = 7 }),
        ["uneven experts, two groups, micro-batches, everything"] = TinyRun.Spec(
            BlockStyle.Gpt2,
            Moe with { Experts = 5, CapacityFactor = 1.25, SharedExperts = 1, NoisyGate = true, RouterZLoss = 0.001 },
            expertParallel: 2,
            micro: 2),
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Losses_of_20_steps_equal_those_of_whole_graph_autograd(string name)
    {
        RunSpec spec = Specs.GetValueOrDefault(name) ?? BlockCases.Specs[name];
        using var reference = new ReferenceTrainer(spec, ReferenceTrainer.Initial(spec.Model, spec.Training.Seed, TorchSharp.torch.ScalarType.Float32), TinyRun.Batches(spec));
        using var trainer = new LocalTrainer(spec, TinyRun.Batches(spec));
        int drops = 0;
        for (int step = 0; step < 20; step++)
        {
            (double loss, double norm, double balance, int dropped) = reference.Step();
            StepResult actual = trainer.Step();
            Assert.InRange(Math.Abs(actual.Loss - loss) / loss, 0, 1e-5);
            Assert.InRange(Math.Abs(actual.GradientNorm - norm) / norm, 0, 1e-3);
            Assert.InRange(Math.Abs(actual.Losses["balance"] - balance) / balance, 0, 1e-4);
            Assert.Equal(dropped, actual.Dropped.Sum(layer => layer.Sum()));
            Assert.All(actual.Routed, layer => Assert.Equal((long)spec.Training.GlobalBatch * spec.Model.Context * spec.Model.Moe.TopK, layer.Sum()));
            drops += dropped;
        }

        Assert.Equal(spec.Model.Moe.CapacityFactor > 0, drops > 0);
    }
}
