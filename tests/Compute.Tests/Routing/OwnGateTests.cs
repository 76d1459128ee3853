using MoeActors.Compute.Local;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Routing.Gates;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tests.Models;
using MoeActors.Samples;
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
}
