using CsCheck;
using MoeActors.Compute.Inference;
using MoeActors.Compute.Routing;
using MoeActors.Compute.Routing.Capacity;
using MoeActors.Compute.Routing.Gates;
using MoeActors.Compute.Routing.Losses;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tests.Models;
using MoeActors.Compute.Tests.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Routing;

/// <summary>What holds for every gate of the catalogue, with every capacity policy.</summary>
public sealed class GateCatalogueTests
{
    private const int Length = 6;
    private static readonly MoeSpec Moe = TinyRun.Moe;

    private static readonly Gen<(string Gate, int Policy, int Seed, int Sequences, double Factor, bool Training)> Cases =
        from gate in Gen.Int[0, GateCases.Names.Count - 1].Select(i => GateCases.Names[i])
        from policy in Gen.Int[0, CapacityCatalogue.All.Count - 1]
        from seed in Gen.Int[1, 1_000_000]
        from sequences in Gen.Int[1, 4]
        from factor in Gen.Int[1, 3].Select(i => i / 2.0)
        from training in Gen.Bool
        select (gate, policy, seed, sequences, factor, training);

    [Fact]
    public void Choices_are_in_order_none_twice_each_kept_one_in_the_plan_once_and_all_is_the_same_again() => Cases.Sample(c =>
    {
        using DisposeScope scope = NewDisposeScope();
        MoeSpec moe = GateCases.With(Moe, c.Gate);
        GateOutput one = Route(moe, c.Seed, c.Sequences * Length, c.Training), again = Route(moe, c.Seed, c.Sequences * Length, c.Training);
        Choices choices = one.Choices;
        Assert.Equal(c.Sequences * Length, choices.Tokens);
        Assert.True(choices.Token.SequenceEqual(choices.Token.Order()), "by token");
        Assert.Equal(choices.Count, choices.Token.Zip(choices.Expert).Distinct().Count());
        Assert.All(choices.Expert, e => Assert.InRange(e, 0, moe.Targets - 1));
        Assert.Equal((choices.Count, choices.Count), (choices.Priority.Length, (int)one.Weights.numel()));
        Assert.Equal((choices.Tokens, (long)moe.Targets), (one.Scores.size(0), one.Scores.size(1)));
        Assert.Equal(choices.Expert, again.Choices.Expert);
        Assert.Equal(Values.Bytes(one.Weights.detach()), Values.Bytes(again.Weights.detach()));

        ICapacityPolicy policy = CapacityCatalogue.All[c.Policy];
        int most = policy.Name == CapacityCatalogue.Dropless ? int.MaxValue : RoutingPlanner.Capacity(moe with { CapacityFactor = c.Factor }, choices.Tokens);
        bool[]? kept = policy.Decide(choices, new CapacityLimits(moe.Experts, most) { Positions = [0, 0, 1, 1], Draw = new PassNoise(1, c.Seed, 0, 0) }).Kept;
        RoutingPlan plan = RoutingPlanner.Plan(Oracle.TwoRanks, moe.Experts, moe.Targets, choices, kept);
        int[] expected = [.. Enumerable.Range(0, choices.Count).Where(i => choices.Expert[i] < moe.Experts && (kept?[i] ?? true))];
        Assert.Equal(expected, plan.Choice.Order());
        Assert.Equal(plan.Token, plan.Choice.Select(i => choices.Token[i]));
        Assert.Equal(choices.PerExpert(moe.Targets), plan.Routed);
        if (policy.Name == "rank")
        {
            Assert.All(new[] { plan.Kept[0] + plan.Kept[1], plan.Kept[2] + plan.Kept[3] }, n => Assert.True(n <= 2L * most));
        }
        else
        {
            Assert.All(plan.Kept, n => Assert.True(n <= most));
        }

        // Nothing goes where there was room: who dropped something is full.
        for (int e = 0; e < moe.Experts && policy.Name != "rank"; e++)
        {
            Assert.Equal(Math.Min(most, plan.Routed[e]), plan.Kept[e]);
        }
    }, iter: 400);

    /// <summary>What is said of causality is true: of a causal gate the choices of the first tokens are the same whatever comes after them.</summary>
    [Theory]
    [MemberData(nameof(Gates))]
    public void A_gate_that_says_it_is_causal_is(string gate)
    {
        using DisposeScope scope = NewDisposeScope();
        MoeSpec moe = GateCases.With(Moe, gate);
        bool alike = Enumerable.Range(1, 20).All(seed =>
        {
            GateOutput whole = Route(moe, seed, 12, false), start = Route(moe, seed, 5, false);
            int own = whole.Choices.Token.Count(t => t < 5);
            return own == start.Choices.Count && whole.Choices.Expert.Take(own).SequenceEqual(start.Choices.Expert)
                && Oracle.Numbers(whole.Weights).Take(own).Zip(Oracle.Numbers(start.Weights)).All(w => Math.Abs(w.First - w.Second) < 1e-6);
        });
        Assert.Equal(GateCatalogue.Find(gate)!.Causal, alike);
        if (!alike)
        {
            Assert.StartsWith($"model.moe.gate = {gate}: expected a causal gate", Assert.Throws<SpecException>(() => TextGenerator.RequireCausal(moe)).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Gates))]
    public void Parameters_and_losses_are_what_the_catalogue_says(string gate)
    {
        MoeSpec moe = GateCases.With(Moe, gate);
        IGate made = GateCatalogue.Of(moe);
        ParameterShape[] parameters = [.. made.Parameters(TinyRun.Spec(moe: moe).Model, 1)];
        Assert.Equal(made.Info.KeepsState, parameters.Any(p => p.Rule is not null));
        Assert.Equal(made.Info.Trains.Length > 0, parameters.Any(p => p.Rule is null));
        Assert.Equal(made.Info.Losses.Order(), LossCatalogue.Usual(moe, made.Info).Select(l => l.Name).Order());
        _ = LossCatalogue.Of(moe);
    }

    [Fact]
    public void A_setting_that_the_gate_does_not_read_is_refused_as_are_losses_that_cannot_go_with_it()
    {
        Refused("model.moe.groups = 2", Moe with { Gate = new GateSpec { Groups = 2 } });
        Refused("model.moe.noisy-gate = on", Moe with { NoisyGate = true, Gate = new GateSpec { Name = "hash" } });
        Refused("model.moe.gate = best: expected one of top-k", Moe with { Gate = new GateSpec { Name = "best" } });
        Refused("model.moe.losses = balance: cannot go with model.moe.gate = deepseek-v3", Moe with { Gate = new GateSpec { Name = "deepseek-v3" }, Losses = [new("balance", 0.01)] });
        Refused("model.moe.losses = router-z: expected none with model.moe.gate = hash", Moe with { Gate = new GateSpec { Name = "hash" }, Losses = [new("router-z", 0.01)] });
        Refused("model.moe.losses = load: expected model.moe.noisy-gate = on", Moe with { Losses = [new("load", 0.01)] });
        Refused("model.moe.losses = nothing: expected some of", Moe with { Losses = [new("nothing", 0.01)] });
        Refused("model.moe.losses = balance: expected each loss once", Moe with { Losses = [new("balance", 0.01), new("balance", 0.02)] });

        static void Refused(string start, MoeSpec moe) => Assert.StartsWith(start, Assert.Throws<SpecException>(() => LossCatalogue.Of(moe)).Message, StringComparison.Ordinal);
    }

    public static TheoryData<string> Gates() => [.. GateCases.Names];

    /// <summary>The gate of <paramref name="moe"/> with weights by its name, on the first <paramref name="tokens"/> rows of a seed. The caller's scope owns the result.</summary>
    private static GateOutput Route(MoeSpec moe, int seed, int tokens, bool training)
    {
        IGate gate = GateCatalogue.Of(moe);
        ModelSpec model = TinyRun.Spec(moe: moe).Model;
        Dictionary<string, Tensor> parameters = gate.Parameters(model, 1).ToDictionary(
            p => p.Name, p => p.Start == ParameterStart.One ? ones(p.Shape) : p.Start == ParameterStart.Zero ? zeros(p.Shape) : Values.Normal(seed + p.Name.Length, ScalarType.Float32, p.Shape));
        Tensor rows = Values.Normal(seed, ScalarType.Float32, 24, model.Hidden).narrow(0, 0, tokens);
        var random = new Random(seed);
        int[] ids = [.. Enumerable.Range(0, tokens).Select(_ => random.Next(model.Vocabulary))];
        return gate.Route(new GateInput(rows, n => parameters[n], training ? new PassNoise(3, seed, 1, 40) : null) { Tokens = ids, SequenceLength = Length, Block = 1 });
    }
}
