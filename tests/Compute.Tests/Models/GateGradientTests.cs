using MoeActors.Compute.Local;
using MoeActors.Compute.Passes;
using MoeActors.Compute.Routing.Gates;
using MoeActors.Compute.Routing.Losses;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Models;

/// <summary>Gates and losses in a whole step: gradients in float64, and the state they carry.</summary>
public sealed class GateGradientTests
{
    /// <summary>The threshold gate's is not the gradient of its value: its weights are 1, and the gradient passes straight through (GateOracleTests).</summary>
    public static TheoryData<string> Gates() => [.. GateCases.Names.Where(g => g != "thresholds")];

    public static TheoryData<string> Losses() => [.. LossCatalogue.All.Select(l => l.Name)];

    [Theory]
    [MemberData(nameof(Gates))]
    public void Of_every_gate_they_equal_central_differences(string gate)
    {
        MoeSpec moe = GateCases.With(TinyRun.Moe, gate);
        Check(moe with { Losses = [.. LossCatalogue.Usual(moe, GateCatalogue.Find(gate)!).Select(l => l with { Coefficient = 0.5 })] });
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public void Of_every_loss_they_equal_central_differences(string loss)
    {
        MoeSpec moe = loss switch
        {
            "balance-null" => GateCases.With(TinyRun.Moe, "null-experts"),
            "balance-cheap" => GateCases.With(TinyRun.Moe, "zero-computation"),
            _ => TinyRun.Moe with { NoisyGate = loss.StartsWith("load", StringComparison.Ordinal) },
        };
        Check(moe with { Losses = [new LossSpec(loss, 0.5)] });
    }

    [Fact]
    public void A_selection_bias_moves_by_the_load_of_each_step_and_by_no_gradient()
    {
        MoeSpec moe = GateCases.With(TinyRun.Moe, "deepseek-v3");
        RunSpec spec = TinyRun.Spec(moe: moe, ranks: 2, expertParallel: 2);
        using var trainer = new LocalTrainer(spec, TinyRun.Batches(spec));
        double[][] expected = [new double[4], new double[4]];
        for (int step = 0; step < 5; step++)
        {
            StepResult result = trainer.Step();
            for (int m = 0; m < 2; m++)
            {
                double mean = result.Routed[m].Average();
                for (int e = 0; e < 4; e++)
                {
                    expected[m][e] += moe.Gate.BiasRate * Math.Sign(mean - result.Routed[m][e]);
                }
            }
        }

        var dense = MoeActors.Compute.Parameters.ParameterLayout.Dense(spec.Model);
        for (int m = 0; m < 2; m++)
        {
            using Tensor bias = dense.View(trainer.Weights(MoeActors.Compute.Parameters.UnitId.Dense(0)), dense[$"layers.{m + 1}.gate_bias"]);
            Assert.All(expected[m].Zip(Routing.Oracle.Numbers(bias)), b => Assert.Equal(b.First, b.Second, 1e-6));
        }

        Assert.Contains(expected, b => b.Any(v => v != 0));
    }

    [Theory]
    [InlineData("router-z")]
    [InlineData("balance-sequence")]
    public void Gradients_do_not_depend_on_how_sequences_are_cut_into_micro_batches(string loss)
    {
        // One rank, four sequences: in one micro-batch, or in four.
        MoeSpec moe = TinyRun.Moe with { Losses = [new LossSpec(loss, 0.5)] };
        RunSpec one = TinyRun.Spec(moe: moe, ranks: 1, expertParallel: 1), four = one with { Training = one.Training with { GlobalBatch = 4, MicroBatches = 4 } };
        one = one with { Training = four.Training with { MicroBatches = 1 } };
        using Tensor all = TinyRun.Batches(one)(0, 0, 0);
        Assert.Equal(4, all.size(0));
        using var whole = new LocalTrainer(one, (_, _, _) => all.alias());
        using var parts = new LocalTrainer(four, (_, _, micro) => all.narrow(0, micro, 1));
        StepResult a = whole.Step(), b = parts.Step();
        Assert.Equal(a.Loss, b.Loss, 1e-5);
        Assert.Equal(a.Losses[loss], b.Losses[loss], 1e-4);
        Assert.Equal(a.GradientNorm, b.GradientNorm, 1e-4 * a.GradientNorm);
    }

    private static void Check(MoeSpec moe)
    {
        using var scope = NewDisposeScope();
        RunSpec spec = TinyRun.Spec(moe: moe, ranks: 2, expertParallel: 2);
        using var cut = new CutGraph(spec, ScalarType.Float64);
        cut.Run(arrivals: 2);
        cut.EqualsCentralDifferences(n => n.StartsWith("layers.1", StringComparison.Ordinal) || n is "embed" or "head");
    }
}
