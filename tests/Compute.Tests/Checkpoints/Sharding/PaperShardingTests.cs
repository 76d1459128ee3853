using System.Diagnostics;
using MoeActors.Compute.Checkpoints.Sharding;
using MoeActors.Compute.Models;

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
    [InlineData(8, 8, true)]
    [InlineData(16, 8, true)]
    [InlineData(16, 16, true)]
    [InlineData(8, 8, false)]
    [InlineData(16, 8, false)]
    [InlineData(16, 16, false)]
    public void With_one_expert_a_layer_each_mode_beats_the_one_before_it_at_every_phase(int ranks, int expertParallel, bool masterAlways)
    {
        Assert.True(ExpertBalance.Of(12, Gpt350M.Layout(ranks, expertParallel)).Uneven);
        RotationPlan baseline = Of(ShardingMode.Baseline), equal = Of(ShardingMode.Equal), adaptive = Of(ShardingMode.Adaptive);
        Assert.Equal(16, baseline.Phases.Count);
        for (int c = 0; c < baseline.Phases.Count; c++)
        {
            Assert.True(equal.Phases[c].BottleneckBytes < baseline.Phases[c].BottleneckBytes, $"phase {c}");
            Assert.True(adaptive.Phases[c].BottleneckBytes <= equal.Phases[c].BottleneckBytes, $"phase {c}");
        }

        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(" | ", new[] { baseline, equal, adaptive }.Select(r => $"{r.Worst.BottleneckBytes / Megabyte:0.0} {r.MeanBottleneckBytes / Megabyte:0.0}")));

        RotationPlan Of(ShardingMode mode) =>
            Gpt350M.Rotation(ranks, expertParallel, mode, 1, masterAlways ? Gpt350M.MasterAlways : Gpt350M.Nothing);
    }

    [Fact]
    public void A_plan_of_the_largest_preset_takes_no_more_than_its_names()
    {
        ModelSpec olmoe = Gpt350M.Model with { Style = BlockStyle.Llama, Layers = 16, Hidden = 2048, Moe = Gpt350M.Model.Moe with { Experts = 64, Every = 1, First = 0 } };
        LogicalLayout layout = Gpt350M.Layout(64, 16);
        ShardPlanner.Plan(olmoe, layout, Precision.BFloat16, ShardingMode.Adaptive);
        long before = GC.GetAllocatedBytesForCurrentThread(), began = Stopwatch.GetTimestamp();
        ShardPlanner.Plan(olmoe, layout, Precision.BFloat16, ShardingMode.Adaptive);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        TestContext.Current.TestOutputHelper?.WriteLine($"{Stopwatch.GetElapsedTime(began).TotalMilliseconds} ms, {allocated} bytes");
        Assert.InRange(allocated, 0, 64L << 20);
    }
}
