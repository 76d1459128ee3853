using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Partial;
using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Tests.Checkpoints.Partial;

public sealed class PecMaskTests
{
    [Theory]
    [InlineData("w", "weights")]
    [InlineData("o", "m,v,step-count")]
    [InlineData("wo", "weights,m,v,step-count")]
    [InlineData("eq6", "weights,master,m,v,step-count")]
    public void A_preset_is_the_list_of_what_it_prunes(string preset, string list)
    {
        PecMask mask = PecMask.Parse(preset);
        string[] pruned = list.Split(',');
        Assert.Equal(PecMask.Parse(list), mask);
        Assert.Equal(preset, mask.ToString());
        Assert.All([Slots.Weights, Slots.Master, Slots.First, Slots.Second, PecMask.StepCount], slot => Assert.Equal(pruned.Contains(slot), mask.Prunes(slot)));
    }

    [Fact]
    public void The_step_count_follows_m_and_v() => Assert.Equal(PecMask.WO, PecMask.Parse(" weights, m ,v "));

    [Theory]
    [InlineData("master,m,v", "master,m,v,step-count")]
    [InlineData("master", "master")]
    public void Other_masks_are_written_as_a_list_that_reads_back(string text, string written)
    {
        PecMask mask = PecMask.Parse(text);
        Assert.Equal(written, mask.ToString());
        Assert.Equal(mask, PecMask.Parse(mask.ToString()));
    }

    [Theory]
    [InlineData("m")]
    [InlineData("weights,v")]
    [InlineData("step-count")]
    [InlineData("m,step-count")]
    public void Moments_without_their_step_count_or_each_other_are_refused(string text)
    {
        SpecException e = Assert.Throws<SpecException>(() => PecMask.Parse(text));
        Assert.Equal($"checkpoint.pec-mask = \"{text}\": expected m, v and step-count together or none of them: Adam's bias correction needs all three of one version", e.Message);
        Assert.Throws<SpecException>(() => PecMask.Of(PecSlots.First | PecSlots.Second));
    }

    [Theory]
    [InlineData("")]
    [InlineData("weight")]
    [InlineData("w,o")]
    [InlineData("weights,")]
    public void Unknown_slots_are_refused_in_one_sentence(string text)
    {
        SpecException e = Assert.Throws<SpecException>(() => PecMask.Parse(text, "some.key"));
        Assert.Equal($"some.key = \"{text}\": expected w, o, wo, eq6 or a comma list of weights, master, m, v, step-count", e.Message);
    }

    [Fact]
    public void Only_a_pruned_master_loses_parameters_and_only_pruned_moments_lose_moments()
    {
        Assert.Equal((false, false), (PecMask.W.LosesParameters, PecMask.W.LosesMoments));
        Assert.Equal((false, true), (PecMask.O.LosesParameters, PecMask.O.LosesMoments));
        Assert.Equal((false, true), (PecMask.WO.LosesParameters, PecMask.WO.LosesMoments));
        Assert.Equal((true, true), (PecMask.Eq6.LosesParameters, PecMask.Eq6.LosesMoments));
    }

    /// <summary>GPT-350M-16E with K = 1 of 16, the sizes measured in the MoC paper (0.88, 0.54, 0.42 of full) and its Eq. 6.</summary>
    [Theory]
    [InlineData("w", 0.884)]
    [InlineData("o", 0.538)]
    [InlineData("wo", 0.422)]
    [InlineData("eq6", 0.191)]
    public void Sizes_are_those_of_the_paper(string mask, double expected) =>
        Assert.Equal(expected, PecMask.Parse(mask).BytesFraction(255.4e6, 1611.6e6, 1, 16, Precision.BFloat16), 3);

    [Fact]
    public void Fp32_runs_have_no_weights_to_prune()
    {
        Assert.Equal(1, PecMask.W.BytesFraction(100, 900, 1, 8, Precision.Float32));
        Assert.Equal(12_000, PecSize.FullBytes(100, 900, Precision.Float32));
        Assert.Equal(12_000 - (7 * 900 / 8.0 * 8), PecMask.WO.Bytes(100, 900, 1, 8, Precision.Float32));
    }

    [Fact]
    public void With_all_experts_selected_nothing_is_saved_less() => Assert.Equal(1, PecMask.Eq6.BytesFraction(100, 900, 8, 8, Precision.BFloat16));
}
