using CsCheck;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Sharding;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tests.Models;

namespace MoeActors.Compute.Tests.Checkpoints.Sharding;

/// <summary>Who writes what, on models of every shape.</summary>
public sealed class ShardPlannerTests
{
    private static readonly ModelSpec Llama = TinyRun.Spec(BlockStyle.Llama).Model, Gpt2 = TinyRun.Spec(BlockStyle.Gpt2).Model;
    private static readonly string[] AllSlots = [Slots.Weights, Slots.Master, Slots.First, Slots.Second];

    private static readonly Gen<Case> Cases = Gen.Select(
        Gen.Int[1, 6], Gen.Int[1, 4], Gen.Int[0, 7], Gen.Int[1, 2], Gen.Bool, Gen.Enum<ShardingMode>(), Gen.Int[0, 15], Gen.Int).Select(
        (positions, groups, more, every, gpt2, mode, mask, seed) =>
        {
            ModelSpec model = gpt2 ? Gpt2 : Llama;
            model = model with
            {
                Vocabulary = 48 + (seed & 255),
                Moe = model.Moe with { Experts = positions + more, TopK = 1, ExpertHidden = 40 + (seed & 15), Every = every, SharedExperts = seed & 1, NoisyGate = (seed & 2) != 0 },
            };
            var random = new Random(seed);
            IReadOnlyList<IReadOnlyList<int>> selection =
                [.. model.MoeLayers().Select(_ => (IReadOnlyList<int>)[.. Enumerable.Range(0, model.Moe.Experts).Where(_ => random.Next(3) == 0)])];
            var layout = new LogicalLayout { Ranks = positions * groups, ExpertParallel = positions };
            return new Case(model, layout, mode, (seed & 12) == 0 ? null : selection, [.. AllSlots.Where((_, i) => (mask & (1 << i)) != 0)]);
        });

    [Fact]
    public void The_weights_of_all_ranks_tile_every_saved_parameter_exactly_once() => Cases.Sample(c =>
    {
        ShardPlan plan = c.Plan(Precision.BFloat16);
        ILookup<string, WeightPiece> written = plan.Ranks.SelectMany(r => r.Weights).ToLookup(p => p.Parameter);
        ParameterEntry[] saved = [.. c.Entries().Where(e => c.Saves(e, Slots.Weights))];
        Assert.Equal(saved.Select(e => e.Name).Order(), written.Select(g => g.Key).Order());
        foreach (ParameterEntry entry in saved)
        {
            long next = 0;
            foreach (WeightPiece piece in written[entry.Name].OrderBy(p => p.Begin))
            {
                Assert.Equal((next, entry.Layer, entry.Expert), (piece.Begin, piece.Layer, piece.Expert));
                Assert.InRange(piece.Count, 1, entry.Count - next);
                next += piece.Count;
            }

            Assert.Equal(entry.Count, next);
        }
    });

    [Theory]
    [InlineData(Precision.BFloat16)]
    [InlineData(Precision.Float32)]
    public void Every_saved_slot_is_counted_once(Precision precision) => Cases.Sample(c =>
    {
        ShardPlan plan = c.Plan(precision);
        Assert.Equal(precision == Precision.Float32 ? 0 : 2 * Elements(Slots.Weights), plan.Ranks.Sum(r => r.WeightBytes));
        Assert.Equal(4 * Elements(Slots.Master), plan.Ranks.Sum(r => r.MasterBytes));
        Assert.Equal(4 * (Elements(Slots.First) + Elements(Slots.Second)), plan.Ranks.Sum(r => r.MomentBytes));

        long Elements(string slot) => c.Entries().Where(e => c.Saves(e, slot)).Sum(e => e.Count);
    });

    [Fact]
    public void Each_rank_writes_only_experts_it_holds() => Cases.Sample(c =>
        Assert.All(c.Plan(Precision.BFloat16).Ranks, r => Assert.All(
            r.Weights.Where(p => p.Expert >= 0),
            p => Assert.Equal(c.Layout.PositionOf(r.Rank), c.Layout.PositionOfExpert(p.Expert, c.Model.Moe.Experts)))));

    [Fact]
    public void Optimizer_state_does_not_depend_on_the_mode() => Cases.Sample(c => Assert.Equal(
        c.Plan(Precision.BFloat16).Ranks.Select(r => (r.MasterBytes, r.MomentBytes)),
        (c with { Mode = ShardingMode.Baseline }).Plan(Precision.BFloat16).Ranks.Select(r => (r.MasterBytes, r.MomentBytes))));

    [Fact]
    public void Adaptive_is_never_worse_than_equal() => Cases.Sample(c => Assert.True(
        (c with { Mode = ShardingMode.Adaptive }).Plan(Precision.BFloat16).BottleneckBytes <= (c with { Mode = ShardingMode.Equal }).Plan(Precision.BFloat16).BottleneckBytes));

    [Fact]
    public void Replicas_write_near_equal_parts_of_each_expert() => Cases.Sample(c =>
    {
        if (c.Mode == ShardingMode.Baseline)
        {
            return;
        }

        ShardPlan plan = c.Plan(Precision.BFloat16);
        foreach (IGrouping<(int Layer, int Expert), ParameterEntry> expert in c.Entries().Where(e => e.Expert >= 0 && c.Saves(e, Slots.Weights)).GroupBy(e => (e.Layer, e.Expert)))
        {
            int position = c.Layout.PositionOfExpert(expert.Key.Expert, c.Model.Moe.Experts);
            long[] parts = [.. plan.Ranks.Where(r => c.Layout.PositionOf(r.Rank) == position)
                .Select(r => r.Weights.Where(p => (p.Layer, p.Expert) == expert.Key).Sum(p => p.Count))];

            // One block more or less; gaps between and after parameters hold no elements.
            long gaps = ParameterLayout.Alignment * (expert.Count() + 1);
            Assert.InRange(parts.Max() - parts.Min(), 0, gaps);
        }
    });

    [Fact]
    public void The_baseline_leaves_dense_weights_to_rank_0_and_experts_to_group_0()
    {
        ShardPlan plan = ShardPlanner.Plan(Gpt350M.Model, Gpt350M.Layout(16, 8), Precision.BFloat16, ShardingMode.Baseline);
        Assert.All(plan.Ranks.Skip(8), r => Assert.Empty(r.Weights));
        Assert.All(plan.Ranks.Skip(1), r => Assert.All(r.Weights, p => Assert.True(p.Expert >= 0)));
        Assert.Equal(0, plan.BottleneckRank);
    }

    [Fact]
    public void Whole_modules_are_written_by_one_rank_unless_larger_than_a_fair_share()
    {
        ShardPlan plan = ShardPlanner.Plan(Gpt350M.Model, Gpt350M.Layout(8, 8), Precision.BFloat16, ShardingMode.Equal);
        Assert.Single(Writers("layers.3.attn"));
        Assert.Equal(Writers("layers.3.attn"), Writers("layers.3.attn_norm"));
        Assert.Single(Writers("layers.4.ffn"));
        Assert.Equal(2, Writers("embed").Count());

        IEnumerable<int> Writers(string module) => plan.Ranks
            .Where(r => r.Weights.Any(p => p.Parameter == module || p.Parameter.StartsWith(module + '.', StringComparison.Ordinal))).Select(r => r.Rank);
    }

    [Fact]
    public void In_fp32_there_is_nothing_to_assign_and_the_reason_says_so()
    {
        ShardPlan plan = ShardPlanner.Plan(Gpt350M.Model, Gpt350M.Layout(8, 8), Precision.Float32, ShardingMode.Adaptive);
        Assert.All(plan.Ranks, r => Assert.Empty(r.Weights));
        Assert.Contains("the master is the weights", plan.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void The_reason_says_whether_the_experts_come_out_even()
    {
        Assert.Contains("12 expert saves over 8 EP positions leave 4 over", Reason(8, 8, 1), StringComparison.Ordinal);
        Assert.Contains("3 expert saves of each EP position over 2 EP groups leave 1 over", Reason(16, 8, 2), StringComparison.Ordinal);
        Assert.Contains("192 expert saves come out even over 8 EP positions and 1 EP group", Reason(8, 8, 16), StringComparison.Ordinal);

        static string Reason(int ranks, int positions, int k) => Gpt350M.Rotation(ranks, positions, ShardingMode.Adaptive, k, Gpt350M.Nothing).Worst.Reason;
    }

    [Fact]
    public void A_selection_that_cannot_be_is_refused_in_one_sentence()
    {
        Assert.Contains("1 lists of experts; expected one for each of the 12 MoE layers", Refused([[0]]), StringComparison.Ordinal);
        Assert.Contains("selection of MoE layer 11: [16]; expected distinct experts between 0 and 15", Refused([.. Enumerable.Repeat<int[]>([0], 11), [16]]), StringComparison.Ordinal);
        Assert.Contains("[3, 3]", Refused([[3, 3], .. Enumerable.Repeat<int[]>([0], 11)]), StringComparison.Ordinal);

        static string Refused(IReadOnlyList<IReadOnlyList<int>> selection) => Assert.Throws<ArgumentException>(
            () => ShardPlanner.Plan(Gpt350M.Model, Gpt350M.Layout(8, 8), Precision.BFloat16, ShardingMode.Equal, selection)).Message;
    }

    [Fact]
    public void Modes_are_read_by_their_names()
    {
        Assert.All(Enum.GetValues<ShardingMode>(), m => Assert.Equal(m, ShardingModes.Parse(ShardingModes.Name(m), "--checkpoint")));
        Assert.Equal(
            "--checkpoint = even: expected baseline, equal or adaptive",
            Assert.Throws<SpecException>(() => ShardingModes.Parse("even", "--checkpoint")).Message);
    }

    private sealed record Case(ModelSpec Model, LogicalLayout Layout, ShardingMode Mode, IReadOnlyList<IReadOnlyList<int>>? Selection, string[] Unselected)
    {
        public ShardPlan Plan(Precision precision) => ShardPlanner.Plan(Model, Layout, precision, Mode, Selection, Unselected.Contains);

        public IEnumerable<ParameterEntry> Entries() =>
            ParameterLayout.Dense(Model).Entries.Concat(Model.MoeLayers().SelectMany(l => ParameterLayout.Experts(Model, l, 0, Model.Moe.Experts).Entries));

        public bool Saves(ParameterEntry e, string slot) =>
            e.Expert < 0 || Selection is null || Selection[Model.MoeLayers().ToList().IndexOf(e.Layer)].Contains(e.Expert) || Unselected.Contains(slot);
    }
}
