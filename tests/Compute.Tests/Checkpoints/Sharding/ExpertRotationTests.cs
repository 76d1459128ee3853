using MoeActors.Compute.Checkpoints.Sharding;
using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Tests.Checkpoints.Sharding;

/// <summary>The selections of sequential PEC at a constant K.</summary>
public sealed class ExpertRotationTests
{
    [Fact]
    public void With_three_experts_on_three_ranks_the_paper_s_example_comes_out()
    {
        ModelSpec model = Gpt350M.Model with { Layers = 8, Moe = Gpt350M.Model.Moe with { Experts = 3 } };
        Assert.Equal([[0], [1], [2], [0]], ExpertRotation.Selection(model, Gpt350M.Layout(3, 3), 1, 0));
        Assert.Equal([[1], [2], [0], [1]], ExpertRotation.Selection(model, Gpt350M.Layout(3, 3), 1, 1));
    }

    [Theory]
    [InlineData(1, 16)]
    [InlineData(2, 8)]
    [InlineData(6, 8)]
    [InlineData(16, 1)]
    public void A_rotation_saves_every_expert_equally_often(int k, int phases)
    {
        Assert.Equal(phases, ExpertRotation.Phases(16, k));
        IEnumerable<(int Layer, int Expert)> saved = Enumerable.Range(0, phases)
            .SelectMany(c => ExpertRotation.Selection(Gpt350M.Model, Gpt350M.Layout(8, 4), k, c).SelectMany((experts, m) => experts.Select(e => (m, e))));
        Assert.All(saved.CountBy(x => x), x => Assert.Equal(phases * k / 16, x.Value));
    }

    [Fact]
    public void Experts_of_one_layer_lie_on_as_many_ranks_as_can_be()
    {
        LogicalLayout layout = Gpt350M.Layout(3, 3);
        ModelSpec model = Gpt350M.Model with { Moe = Gpt350M.Model.Moe with { Experts = 8 } };
        Assert.Equal([0, 1, 2], ExpertRotation.Selection(model, layout, 3, 0)[0].Select(e => layout.PositionOfExpert(e, 8)).Order());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(17)]
    public void A_K_that_cannot_be_is_refused(int k) => Assert.Equal(
        $"K = {k}: expected between 1 and model.moe.experts = 16",
        Assert.Throws<SpecException>(() => RotationPlan.Of(Gpt350M.Model, Gpt350M.Layout(8, 8), Precision.BFloat16, ShardingMode.Equal, k)).Message);
}
