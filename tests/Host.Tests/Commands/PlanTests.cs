using System.Text.Json;
using MoeActors.Compute.Models;
using MoeActors.Compute.Plans;
using MoeActors.Host.Commands;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Tests.Commands;

public sealed class PlanTests
{
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
    }

    private static async Task<string> Plan(string preset)
    {
        var cli = new Cli();
        Assert.Equal(0, await cli.Run("plan", preset));
        return cli.Output;
    }

    private static MoeSettings Settings(string preset) =>
        SettingsLoader.Load(new SettingsRequest { Overrides = [new SettingOverride("preset", [preset], "PRESET")], WorkingFolder = "/" });
}
