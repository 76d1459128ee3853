using System.Text.Json;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Plans;
using MoeActors.Compute.Specs;
using MoeActors.Host.Commands;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Tests.Commands;

public sealed class PlanTests
{
    private static readonly string[] Paper = ["--ranks", "8", "--ep", "8", "--nodes", "8", "--set", "training.precision=bf16"];

    [Fact]
    public async Task Gpt_125m_8e_has_the_papers_323_million_parameters()
    {
        string text = await Plan("gpt-125m-8e");
        Assert.Contains("323.6 M parameters", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Gpt_350m_16e_has_the_papers_dense_and_expert_parameters()
    {
        string text = await Plan("gpt-350m-16e");
        Assert.Contains("= 255.4 M dense + 1611.6 M in experts", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("olmoe-1b-7b", 6.9, 1.3)]
    [InlineData("mixtral-8x7b", 46.7, 12.9)]
    public void The_public_models_have_their_published_sizes(string preset, double billions, double active)
    {
        ParameterCounts counts = ParameterCounts.Of(Settings(preset).Run.Model);
        Assert.Equal(billions, counts.Total / 1e9, 0.05);
        Assert.Equal(active, counts.Active / 1e9, 0.05);
    }

    [Theory]
    [InlineData("tiny", Precision.Float32)]
    [InlineData("small", Precision.Float32)]
    [InlineData("small", Precision.BFloat16)]
    [InlineData("gpt-350m-16e", Precision.BFloat16)]
    public void The_shards_of_all_ranks_hold_each_parameter_once(string preset, Precision precision)
    {
        RunSpec run = Settings(preset).Run;
        MemoryPlan plan = MemoryPlan.Of(run.Model, run.Layout, precision, run.Nodes);
        long parameters = plan.Parameters.Total;
        int stored = precision == Precision.BFloat16 ? 14 : 12, sharded = precision == Precision.BFloat16 ? 12 : 8;
        Assert.Equal(parameters * stored, plan.CheckpointBytes);
        long padding = 32L * (plan.Parameters.Total / plan.Parameters.PerExpert + 1000) * sharded * run.Layout.Ranks;
        Assert.InRange(plan.Ranks.Sum(r => r.Optimizer), parameters * sharded, (parameters * sharded) + padding);
        Assert.Equal(plan.Ranks.Sum(r => r.Checkpoint), plan.Nodes.Sum(n => n.Checkpoint));
        Assert.Equal(run.Layout.Ranks, plan.Nodes.Sum(n => n.RankCount));
    }

    [Fact]
    public void Replicas_on_one_node_share_their_weights_and_split_their_optimizer_state()
    {
        RunSpec run = Settings("tiny").Run;
        LogicalLayout replicated = run.Layout with { Ranks = 4, ExpertParallel = 2 };
        MemoryPlan one = MemoryPlan.Of(run.Model, replicated, Precision.Float32, 1), four = MemoryPlan.Of(run.Model, replicated, Precision.Float32, 4);
        Assert.Equal(four.Ranks[0].DenseWeights + four.Ranks[0].ExpertWeights + four.Ranks[1].ExpertWeights, one.Nodes[0].Weights);
        MemoryPlan spread = MemoryPlan.Of(run.Model, run.Layout with { Ranks = 2, ExpertParallel = 2 }, Precision.Float32, 2);
        Assert.Equal(spread.Ranks.Sum(r => r.Optimizer), four.Ranks.Sum(r => r.Optimizer));
        Assert.Equal(spread.Ranks[0].ExpertWeights, four.Ranks[0].ExpertWeights);
    }

    [Fact]
    public void Uneven_experts_show_in_the_ranks_bytes()
    {
        RunSpec run = Settings("small").Run;
        IReadOnlyList<RankBytes> ranks = MemoryPlan.Of(run.Model, run.Layout, Precision.Float32, 3).Ranks;
        Assert.Equal(ranks[0].ExpertWeights, ranks[1].ExpertWeights);
        Assert.Equal(2 * ranks[0].ExpertWeights, 3 * ranks[2].ExpertWeights);
    }

    [Fact]
    public async Task The_plan_as_json_has_every_rank_and_node()
    {
        var cli = new Cli();
        Assert.Equal(0, await cli.Run("plan", "gpt-350m-16e", "--nodes", "8", "--json"));
        JsonElement plan = JsonDocument.Parse(cli.Output).RootElement.GetProperty("plan");
        Assert.Equal(16, plan.GetProperty("ranks").GetArrayLength());
        Assert.Equal(8, plan.GetProperty("nodes").GetArrayLength());
        Assert.True(plan.GetProperty("ranks")[0].GetProperty("optimizer").GetInt64() > 0);

        // One copy, on the next of eight nodes: 8 of the 28 pairs of nodes are neighbours.
        double[] risks = [.. JsonDocument.Parse(cli.Output).RootElement.GetProperty("lossRisks").EnumerateArray().Select(r => r.GetDouble())];
        Assert.Equal([0, Math.Round(8 / 28.0, 9)], risks.Select(r => Math.Round(r, 9)));
    }

    [Fact]
    public async Task The_plan_says_how_likely_losses_at_once_take_the_last_copy_of_something() => Assert.Contains(
        "(recovery.copies = 1): 1 of 8: 0 %, 2 of 8: 28.6 %", await Plan("gpt-350m-16e", "--nodes", "8"), StringComparison.Ordinal);

    [Fact]
    public async Task A_checkpoint_shows_who_writes_what_with_the_bottleneck_marked()
    {
        string[] lines = (await Plan("gpt-350m-16e", [.. Paper, "--checkpoint", "baseline"])).Split('\n');
        int at = Array.IndexOf(lines, "a full checkpoint, baseline sharding");
        Assert.Equal(["rank", "weights", "optimizer", "total"], lines[at + 1].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("0 ", lines[at + 2], StringComparison.Ordinal);
        Assert.EndsWith("bottleneck", lines[at + 2], StringComparison.Ordinal);
        Assert.Single(lines, l => l.EndsWith("bottleneck", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.StartsWith("bottleneck: rank 0 writes 3.46 GiB of 24.34 GiB", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.StartsWith("baseline: rank 0 writes all dense weights", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_partial_checkpoint_shows_the_worst_phase_of_the_rotation_and_the_mean()
    {
        string text = await Plan("gpt-350m-16e", [.. Paper, "--checkpoint", "adaptive", "--k-persist", "1"]);
        Assert.Contains("a checkpoint of 1 of 16 experts a layer, mask eq6, adaptive sharding: phase ", text, StringComparison.Ordinal);
        Assert.Contains("the worst of the rotation's 16", text, StringComparison.Ordinal);
        Assert.Contains("mean over the rotation", text, StringComparison.Ordinal);
        Assert.Contains("12 expert saves over 8 EP positions leave 4 over", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mask_that_leaves_out_less_makes_the_checkpoint_larger()
    {
        long[] bytes = [await Bytes("eq6"), await Bytes("wo"), await Bytes("o"), await Bytes("w")];
        Assert.Equal(bytes.Order().Distinct(), bytes);

        static async Task<long> Bytes(string mask) =>
            (await Json([.. Paper, "--checkpoint", "equal", "--k-persist", "1", "--pec-mask", mask])).GetProperty("worst").GetProperty("totalBytes").GetInt64();
    }

    [Fact]
    public async Task The_checkpoint_as_json_has_every_rank_and_the_bottleneck()
    {
        JsonElement checkpoint = await Json([.. Paper, "--checkpoint", "equal", "--k-persist", "2"]);
        Assert.Equal("equal", checkpoint.GetProperty("mode").GetString());
        Assert.Equal(8, checkpoint.GetProperty("phases").GetInt32());
        Assert.Equal("eq6", checkpoint.GetProperty("pecMask").GetString());
        JsonElement worst = checkpoint.GetProperty("worst");
        long[] totals = [.. worst.GetProperty("ranks").EnumerateArray().Select(r => r.GetProperty("total").GetInt64())];
        Assert.Equal(8, totals.Length);
        Assert.Equal(totals.Max(), worst.GetProperty("bottleneckBytes").GetInt64());
        Assert.Equal(totals.Max(), totals[worst.GetProperty("bottleneckRank").GetInt32()]);
        Assert.Equal(totals.Sum(), worst.GetProperty("totalBytes").GetInt64());
    }

    [Fact]
    public async Task In_fp32_the_plan_says_that_there_is_nothing_to_assign() => Assert.Contains(
        "in fp32 the master is the weights and its owner writes it, so there is nothing to assign",
        await Plan("tiny", "--checkpoint", "adaptive", "--set", "training.precision=fp32"), StringComparison.Ordinal);

    [Theory]
    [InlineData("--checkpoint even", ExitCodes.Configuration, "--checkpoint = even: expected baseline, equal or adaptive")]
    [InlineData("--checkpoint equal --k-persist 17", ExitCodes.Configuration, "--k-persist = 17: expected between 1 and model.moe.experts = 16")]
    [InlineData("--checkpoint equal --k-persist 0", ExitCodes.Configuration, "--k-persist = 0: expected between 1 and model.moe.experts = 16")]
    [InlineData("--checkpoint equal --k-persist 1 --pec-mask x", ExitCodes.Configuration, "--pec-mask = \"x\": expected w, o, wo, eq6 or a comma list of weights, master, m, v, step-count")]
    [InlineData("--checkpoint equal --pec-mask wo", ExitCodes.CommandLine, "--pec-mask wo is about experts that are not saved; expected --k-persist K beside it")]
    [InlineData("--k-persist 1", ExitCodes.CommandLine, "--k-persist is of the checkpoint that --checkpoint shows; expected --checkpoint baseline|equal|adaptive beside it")]
    [InlineData("--mtbf 6h", ExitCodes.CommandLine, "--mtbf is of the checkpoint that --checkpoint shows; expected --checkpoint baseline|equal|adaptive beside it")]
    [InlineData("--interval 5", ExitCodes.CommandLine, "--interval is of the checkpoint that --checkpoint shows; expected --checkpoint baseline|equal|adaptive beside it")]
    [InlineData("--checkpoint equal --interval 0", ExitCodes.Configuration, "--interval = 0: expected at least 1 step")]
    [InlineData("--checkpoint equal --mtbf 6", ExitCodes.Configuration, "--mtbf = 6: expected a time above 0 with its unit: us, ms, s, min or h, such as 6h")]
    [InlineData("--checkpoint equal --step-time 0s", ExitCodes.Configuration, "--step-time = 0s: expected a time above 0 with its unit: us, ms, s, min or h, such as 6h")]
    [InlineData("--checkpoint equal --disk 1GB", ExitCodes.Configuration, "--disk = 1GB: expected bytes a second above 0 with their unit, such as 500MiB/s or 2GiB/s")]
    [InlineData("--checkpoint equal --ep 5", ExitCodes.Configuration, "--ep: layout.expert-parallel = 5: expected a divisor of layout.ranks = 16, or layout.ranks a multiple of 5")]
    public async Task Flags_that_cannot_be_are_refused_in_one_sentence(string flags, int exitCode, string message)
    {
        var cli = new Cli();
        Assert.Equal(exitCode, await cli.Run(["plan", "gpt-350m-16e", .. flags.Split(' ')]));
        Assert.Equal($"moe: {message}", cli.Error.Trim());
        Assert.Empty(cli.Output);
    }

    [Fact]
    public async Task The_cost_is_the_overhead_model_s_with_bytes_of_the_plan_and_the_bandwidths_given()
    {
        JsonElement checkpoint = await Json([.. Paper, "--checkpoint", "equal", "--k-persist", "1", "--pec-mask", "eq6", "--mtbf", "1h", "--step-time", "100ms", "--disk", "2GiB/s", "--memory-bandwidth", "4GiB/s", "--interval", "10"]);
        JsonElement cost = checkpoint.GetProperty("cost"), full = cost.GetProperty("full"), partial = cost.GetProperty("partial");
        double Of(JsonElement e, string part, string name) => e.GetProperty(part).GetProperty(name).GetDouble();

        // One rank a node: the largest node is the bottleneck rank.
        Assert.Equal(checkpoint.GetProperty("worst").GetProperty("bottleneckBytes").GetInt64(), partial.GetProperty("persistBytes").GetInt64());
        Assert.Equal(partial.GetProperty("persistBytes").GetInt64() / (double)(2L << 30) * 1000, Of(partial, "inputs", "persistMs"), 6);
        Assert.Equal(full.GetProperty("snapshotBytes").GetInt64() / (double)(4L << 30) * 1000, Of(full, "inputs", "snapshotMs"), 6);
        Assert.Equal(Of(full, "inputs", "snapshotMs") - 100, Of(full, "prediction", "saveMs"), 6);
        Assert.True(partial.GetProperty("snapshotBytes").GetInt64() < full.GetProperty("snapshotBytes").GetInt64());

        // λ·I_total = 10000 steps · 0.1 s / 3600 s; one fault: I/(2·I_total)·[⅛·(16 − 1) + ⅞·(16/2 − 1)].
        Assert.Equal(1000.0 / 3600, Of(partial, "prediction", "expectedFaults"), 9);
        Assert.Equal(1000.0 / 3600 * 10 / 20000 * 8, Of(partial, "prediction", "plt"), 9);
        Assert.Equal(0, Of(full, "prediction", "plt"));

        // Memory: nothing stays of a full checkpoint, of partial ones master, m and v of everything once.
        Assert.Equal(0, full.GetProperty("keptBytes").GetInt64());
        MemoryPlan plan = MemoryPlan.Of(Settings("gpt-350m-16e").Run.Model, new LogicalLayout { Ranks = 8, ExpertParallel = 8 }, Precision.BFloat16, 8);
        Assert.Equal(plan.Nodes.Max(n => n.Checkpoint) * 12 / 14, partial.GetProperty("keptBytes").GetInt64());
    }

    [Fact]
    public async Task The_cost_names_what_it_assumes_and_says_when_storage_cannot_follow()
    {
        string text = await Plan("gpt-350m-16e", [.. Paper, "--checkpoint", "equal", "--k-persist", "1", "--disk", "1MiB/s"]);
        Assert.Contains("assumed: step 1 s (--step-time), a fault every 24 h (--mtbf), a node writes 1.0 MiB/s (--disk) and copies 8.00 GiB/s (--memory-bandwidth), restart 10 s;", text, StringComparison.Ordinal);
        Assert.Contains("1 of 16, eq6", text, StringComparison.Ordinal);
        Assert.Contains("storage cannot follow: a full checkpoint", text, StringComparison.Ordinal);
        Assert.Contains("storage cannot follow: a partial checkpoint", text, StringComparison.Ordinal);
        string fast = await Plan("gpt-350m-16e", [.. Paper, "--checkpoint", "equal"]);
        Assert.DoesNotContain("storage cannot follow", fast, StringComparison.Ordinal);
        Assert.DoesNotContain("partial checkpoints copy", fast, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mask_that_only_prunes_rounded_weights_loses_no_tokens()
    {
        JsonElement cost = (await Json([.. Paper, "--checkpoint", "equal", "--k-persist", "1", "--pec-mask", "w"])).GetProperty("cost");
        Assert.Equal(0, cost.GetProperty("partial").GetProperty("prediction").GetProperty("plt").GetDouble());
    }

    [Fact]
    public void Memory_counts_the_snapshot_in_writing_and_the_one_that_stays()
    {
        RunSpec run = Settings("small").Run;
        MemoryPlan off = MemoryPlan.Of(run.Model, run.Layout, Precision.BFloat16, run.Nodes), on = MemoryPlan.Of(run.Model, run.Layout, Precision.BFloat16, run.Nodes, keepsSnapshots: true);
        Assert.All(off.Ranks, r => Assert.Equal(r.Checkpoint, r.Snapshots));
        Assert.All(on.Ranks, r => Assert.Equal(r.Checkpoint + (r.Checkpoint * 12 / 14), r.Snapshots));
        Assert.Equal(on.Nodes.Select(n => n.Memory - n.Snapshots), off.Nodes.Select(n => n.Memory - n.Snapshots));
        Assert.All(on.Nodes, n => Assert.Equal(n.Weights + n.Gradients + n.Optimizer + n.Snapshots, n.Memory));
    }

    [Fact]
    public void Memory_counts_the_copies_of_other_nodes_units_and_a_step_s_gradients_of_them()
    {
        RunSpec run = Settings("small").Run;
        MemoryPlan off = MemoryPlan.Of(run.Model, run.Layout, Precision.BFloat16, 3), on = MemoryPlan.Of(run.Model, run.Layout, Precision.BFloat16, 3, copies: 1);
        Assert.All(off.Nodes, n => Assert.Equal(0, n.Copies));

        // Master, m, v and gradient: 16 bytes a parameter, against 12 of the optimizer with its own master.
        Assert.Equal(off.Nodes.Sum(n => n.Optimizer) * 16 / 12, on.Nodes.Sum(n => n.Copies));
        Assert.All(on.Nodes, n => Assert.Equal(n.Weights + n.Gradients + n.Optimizer + n.Snapshots + n.Copies, n.Memory));
        Assert.All(MemoryPlan.Of(run.Model, run.Layout, Precision.BFloat16, 1, copies: 1).Nodes, n => Assert.Equal(0, n.Copies));
    }

    private static async Task<string> Plan(string preset, params string[] flags)
    {
        var cli = new Cli();
        Assert.Equal(0, await cli.Run(["plan", preset, .. flags]));
        return cli.Output;
    }

    private static async Task<JsonElement> Json(params string[] flags) =>
        JsonDocument.Parse(await Plan("gpt-350m-16e", [.. flags, "--json"])).RootElement.GetProperty("checkpoint");

    private static MoeSettings Settings(string preset) =>
        SettingsLoader.Load(new SettingsRequest { Overrides = [new SettingOverride("preset", [preset], "PRESET")], WorkingFolder = "/" });
}
