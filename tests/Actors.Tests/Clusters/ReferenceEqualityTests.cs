using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Clusters;

/// <summary>DT-1: actors, messages and placement change nothing; the cluster computes what one thread computes, bit for bit.</summary>
public sealed class ReferenceEqualityTests(TwoNodes nodes) : IClassFixture<TwoNodes>
{
    [Fact]
    public Task Top_1_equals_the_plain_engine() => EqualsPlainEngine(s => Moe(s, m => m with { TopK = 1, NormalizeTopK = false }));

    [Fact]
    public Task Top_2_with_uneven_experts_equals_the_plain_engine() => EqualsPlainEngine(s => s);

    [Fact]
    public async Task Capacity_with_drops_equals_the_plain_engine()
    {
        await EqualsPlainEngine(s => Moe(s, m => m with { CapacityFactor = 1.25, RouterZLoss = 0.01 }));
        Assert.Contains(nodes.Cluster.Run.Steps.Values, s => s.Dropped > 0);
    }

    [Fact]
    public Task A_shared_expert_equals_the_plain_engine() => EqualsPlainEngine(s => Moe(s, m => m with { SharedExperts = 1, Every = 1 }));

    [Fact]
    public Task ScMoE_Pos_1_in_every_block_equals_the_plain_engine() => EqualsPlainEngine(s => Shortcut(s, 1, new BlockSpec { Shortcut = ShortcutPosition.Pos1 }));

    [Fact]
    public Task ScMoE_Pos_2_equals_the_plain_engine() => EqualsPlainEngine(s => Shortcut(s, 2, new BlockSpec { Combine = SharedCombination.Cg1 }));

    [Fact]
    public Task ScMoE_Pos_3_with_CG_2_in_mixed_precision_equals_the_plain_engine() => EqualsPlainEngine(s =>
        Shortcut(s, 2, new BlockSpec { Shortcut = ShortcutPosition.Pos3, Combine = SharedCombination.Cg2 }) with { Training = s.Training with { Precision = Precision.BFloat16 } });

    [Fact]
    public Task Two_expert_groups_and_two_micro_batches_equal_the_plain_engine() => EqualsPlainEngine(s => Moe(s, m => m with { Experts = 5 }) with
    {
        Layout = s.Layout with { ExpertParallel = 2, ChunkRows = 7 },
        Training = s.Training with { MicroBatches = 2, GlobalBatch = 16 },
    });

    [Fact]
    public Task Mixed_precision_equals_the_plain_engine() =>
        EqualsPlainEngine(s => s with { Training = s.Training with { Precision = Precision.BFloat16 } });

    [Fact]
    public Task Gpt2_blocks_with_a_noisy_gate_every_second_layer_equal_the_plain_engine() => EqualsPlainEngine(s => s with
    {
        Model = s.Model with
        {
            Style = BlockStyle.Gpt2,
            TiedEmbedding = true,
            Moe = s.Model.Moe with { NoisyGate = true, GateOrder = GateOrder.TopKThenSoftmax, Every = 2, First = 1 },
        },
    });

    private async Task EqualsPlainEngine(Func<RunSpec, RunSpec> change, [System.Runtime.CompilerServices.CallerMemberName] string name = "")
    {
        RunSpec spec = TestRuns.Spec(nodes.Cluster.Folder, steps: 3, nodes: 2, s => change(s) with { RunId = name, Checkpoint = new CheckpointSpec { Interval = 0 } });
        Reference expected = await Reference.TrainAsync(spec);
        Assert.Equal("completed", await nodes.TrainAsync(spec));
        RecordedRun run = nodes.Cluster.Run;
        Assert.Equal(expected.Steps.Select(s => s.Loss), run.Steps.Values.Select(s => s.Loss));
        Assert.Equal(expected.Steps.Select(s => s.GradientNorm), run.Steps.Values.Select(s => s.GradientNorm));
        Assert.Equal(expected.Steps.Select(s => s.Dropped.Sum(d => d.Sum())), run.Steps.Values.Select(s => s.Dropped));
        Assert.Equal(expected.WeightsHash, run.Last!.WeightsHash);
        Assert.Equal(expected.StateHash, run.Last.StateHash);
    }

    private static RunSpec Shortcut(RunSpec spec, int every, BlockSpec block) => spec with
    {
        Model = spec.Model with
        {
            Layers = 4,
            Block = block with { Kind = BlockKind.ScMoe },
            Moe = spec.Model.Moe with { Every = every, First = 1, TopK = 1, NormalizeTopK = false, SharedExperts = 1 },
        },
    };

    private static RunSpec Moe(RunSpec spec, Func<MoeSpec, MoeSpec> change) => spec with { Model = spec.Model with { Moe = change(spec.Model.Moe) } };
}
