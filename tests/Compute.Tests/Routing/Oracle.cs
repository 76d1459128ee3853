using MoeActors.Compute.Routing;
using MoeActors.Compute.Routing.Gates;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tests.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Routing;

/// <summary>The example that formulas are checked on: one token's logits, and a batch of four with their top-2.</summary>
internal static class Oracle
{
    public static MoeSpec Moe { get; } = new() { Experts = 4, TopK = 2, ExpertHidden = 1 };

    public static LogicalLayout OneRank { get; } = new() { Ranks = 1, ExpertParallel = 1 };

    public static LogicalLayout TwoRanks { get; } = new() { Ranks = 2, ExpertParallel = 2 };

    /// <summary>[1, 4].</summary>
    public static Tensor Token => tensor(new double[] { 2, 1, 0, -1 }).view(1, 4);

    /// <summary>[4, 4].</summary>
    public static Tensor Batch => tensor(new double[] { 2, 1, 0, -1, 1, 2, -1, 0, 2, 0, 1, -1, 0, 2, 1, -1 }).view(4, 4);

    /// <summary>The batch through softmax, top-2, normalised.</summary>
    public static GateOutput TopTwo() => TopKGate.Select(Moe, Batch, null, null);

    public static RoutingPlan Plan(GateOutput output, int targets = 4) => RoutingPlanner.Plan(OneRank, 4, targets, output.Choices);

    public static double[] Numbers(Tensor values) => [.. values.detach().to(ScalarType.Float64).flatten().data<double>()];

    public static void Near(double[] expected, Tensor values)
    {
        double[] actual = Numbers(values);
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], actual[i], 6e-5);
        }
    }

    /// <summary>Experts of each token, in order.</summary>
    public static int[][] Experts(Choices choices) =>
        [.. Enumerable.Range(0, choices.Tokens).Select(t => Enumerable.Range(0, choices.Count).Where(i => choices.Token[i] == t).Select(i => choices.Expert[i]).ToArray())];
}
