using MoeActors.Compute.Local;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Routing;
using MoeActors.Compute.Routing.Gates;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Routing;

/// <summary>A gate of one's own, from outside the runtime's assembly: registered by name, it trains like any other.</summary>
public sealed class OwnGateTests
{
    [Fact]
    public void Registered_it_is_in_the_catalogue_once_and_trains()
    {
        GateCatalogue.Register(RoundRobinGate.Description, m => new RoundRobinGate(m));
        Assert.Throws<ArgumentException>(() => GateCatalogue.Register(RoundRobinGate.Description, m => new RoundRobinGate(m)));
        Assert.Throws<ArgumentException>(() => GateCatalogue.Register(TopKGate.Description, m => new RoundRobinGate(m)));
        Assert.Same(RoundRobinGate.Description, GateCatalogue.All[^1]);

        RunSpec spec = TinyRun.Spec(moe: TinyRun.Moe with { TopK = 1, Gate = new GateSpec { Name = "round-robin" } }, ranks: 2, expertParallel: 2);
        using var trainer = new LocalTrainer(spec, TinyRun.Batches(spec));
        ParameterLayout dense = ParameterLayout.Dense(spec.Model);
        double[] Router()
        {
            using Tensor router = dense.View(trainer.Weights(UnitId.Dense(0)), dense["layers.1.gate"]);
            return Oracle.Numbers(router);
        }

        double[] before = Router();
        Assert.All(trainer.Step().Routed, layer => Assert.Single(layer.Distinct()));
        Assert.NotEqual(before, Router());
    }

    /// <summary>The tokens go round the experts; how much of its expert's answer each takes is trained.</summary>
    private sealed class RoundRobinGate(MoeSpec moe) : IGate
    {
        public static GateInfo Description { get; } = new("round-robin", "expert t mod N, weight σ(x·w_e)", "nobody's") { PerToken = "1" };

        public GateInfo Info => Description;

        public IEnumerable<ParameterShape> Parameters(ModelSpec model, int block) => [new("gate", [moe.Experts, model.Hidden], block, -1)];

        public GateOutput Route(in GateInput input)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor router = input.Parameter("gate"), logits = nn.functional.linear(input.Rows, router), scores = logits.sigmoid();
            int tokens = (int)logits.size(0);
            int[] token = [.. Enumerable.Range(0, tokens)];
            var choices = new Choices(tokens, token, [.. token.Select(t => t % moe.Experts)], new float[tokens]);
            return new GateOutput(logits.MoveToOuterDisposeScope(), scores.MoveToOuterDisposeScope(), Selection.Pick(scores, choices).MoveToOuterDisposeScope(), choices) { Router = router };
        }
    }
}
