using MoeActors.Compute.Checkpoints.Sharding;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Tests.Checkpoints.Sharding;

/// <summary>The planner beside the MoC paper's numbers (MB = 1e6 bytes); docs/sharding.md shows the same table.</summary>
public sealed class PaperShardingTests
{
    private const double Megabyte = 1e6;

    [Fact]
    public void A_full_checkpoint_of_the_paper_s_model_has_the_paper_s_bottleneck()
    {
        Assert.Equal(3714, Full(ShardingMode.Baseline), 3714 * 0.005);
        Assert.Equal(3267, Full(ShardingMode.Equal), 3267 * 0.005);
        Assert.Equal(-0.120, (Full(ShardingMode.Equal) / Full(ShardingMode.Baseline)) - 1, 0.005);
        Assert.Equal(Full(ShardingMode.Equal), Full(ShardingMode.Adaptive));

        // (P_ne + P_e)(B_o + B_w) / D_dp
        ParameterCounts p = ParameterCounts.Of(Gpt350M.Model);
        Assert.Equal((p.Dense + p.Experts) * 14 / 8 / Megabyte, Full(ShardingMode.Equal), 3267 * 0.005);

        static double Full(ShardingMode mode) =>
            ShardPlanner.Plan(Gpt350M.Model, Gpt350M.Layout(8, 8), Precision.BFloat16, mode).BottleneckBytes / Megabyte;
    }

    [Theory]
    [InlineData(8, 8, 3714.2, 3270.6)]
    [InlineData(16, 8, 2313.9, 1635.3)]
    [InlineData(16, 16, 2112.5, 1635.3)]
    public void A_full_checkpoint_has_the_documented_bottleneck(int ranks, int expertParallel, double baseline, double equal)
    {
        Assert.False(ExpertBalance.Of(12 * 16, Gpt350M.Layout(ranks, expertParallel)).Uneven);
        Assert.Equal([baseline, equal, equal], Enum.GetValues<ShardingMode>().Select(mode =>
            Rounded(ShardPlanner.Plan(Gpt350M.Model, Gpt350M.Layout(ranks, expertParallel), Precision.BFloat16, mode).BottleneckBytes)));
    }

    [Theory]
    [InlineData(8, 8, true, new[] { 1867.5, 1825.6, 1423.9, 1423.4, 1382.0, 1382.0 })]
    [InlineData(16, 8, true, new[] { 1206.0, 1180.8, 712.0, 712.0, 695.2, 695.2 })]
    [InlineData(16, 16, true, new[] { 1189.2, 1168.2, 712.0, 712.0, 695.2, 695.2 })]
    [InlineData(8, 8, false, new[] { 1128.9, 1070.1, 685.3, 684.8, 626.5, 626.5 })]
    [InlineData(16, 8, false, new[] { 836.6, 803.1, 342.6, 342.6, 317.5, 317.5 })]
    [InlineData(16, 16, false, new[] { 819.8, 790.5, 342.6, 342.6, 317.5, 317.5 })]
    public void With_one_expert_a_layer_each_mode_beats_the_one_before_it_at_every_phase(int ranks, int expertParallel, bool masterAlways, double[] documented)
    {
        Assert.True(ExpertBalance.Of(12, Gpt350M.Layout(ranks, expertParallel)).Uneven);
        RotationPlan[] modes = [.. Enum.GetValues<ShardingMode>().Select(mode =>
            Gpt350M.Rotation(ranks, expertParallel, mode, 1, masterAlways ? Gpt350M.MasterAlways : Gpt350M.Nothing))];
        for (int c = 0; c < 16; c++)
        {
            (long baseline, long equal, long adaptive) = (modes[0].Phases[c].BottleneckBytes, modes[1].Phases[c].BottleneckBytes, modes[2].Phases[c].BottleneckBytes);
            Assert.True(adaptive < equal && equal < baseline, $"phase {c}: {adaptive}, {equal}, {baseline}");
        }

        Assert.Equal(documented, modes.SelectMany(m => new[] { Rounded(m.Worst.BottleneckBytes), Rounded(m.MeanBottleneckBytes) }));
    }

    [Fact]
    public void A_plan_for_thousands_of_parameters_and_billions_of_elements_allocates_a_few_megabytes()
    {
        ModelSpec large = Gpt350M.Model with { Style = BlockStyle.Llama, Layers = 16, Hidden = 2048, Moe = Gpt350M.Model.Moe with { Experts = 64, Every = 1, First = 0 } };
        Assert.InRange(ParameterCounts.Of(large).Total, 20_000_000_000, long.MaxValue);
        long before = GC.GetAllocatedBytesForCurrentThread();
        ShardPlanner.Plan(large, Gpt350M.Layout(64, 16), Precision.BFloat16, ShardingMode.Adaptive);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16L << 20);
    }

    private static double Rounded(double bytes) => Math.Round(bytes / Megabyte, 1);
}
