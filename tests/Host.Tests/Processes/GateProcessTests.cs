using MoeActors.Host.Reports;
using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Host.Tests.Processes;

/// <summary>RC-1 with real processes and real SIGKILL, for one gate of each class: of one token, of a group and not causal, with run state, with any number of experts, with experts that cost nothing.</summary>
[Trait("Tier", "soak")]
[Collection(ProcessCollection.Name)]
public sealed class GateProcessTests
{
    private const int Steps = 60;

    // A constant learning rate and the last checkpoint alone: what is lost comes from copies.
    private static readonly string[] Common = ["checkpoint.interval=30", "training.learning-rate=1e-3", "training.min-learning-rate=1e-3"];

    public static TheoryData<string, string[]> Gates() => new()
    {
        { "gshard", [] },
        { "expert-choice", [] },
        { "deepseek-v3", ["model.moe.groups=2", "model.moe.bias-rate=0.01"] },
        { "thresholds", [] },
        { "zero-computation", ["model.moe.zero-experts=1", "model.moe.copy-experts=1", "model.moe.constant-experts=1"] },
    };

    [Theory]
    [MemberData(nameof(Gates))]
    public async Task Nodes_killed_on_the_way_leave_no_trace_in_weights_and_state(string gate, string[] settings)
    {
        await using var calm = new World();
        RunRecord expected = await TrainAsync(calm, [$"model.moe.gate={gate}", .. settings, .. Common], kills: 0);
        await using var world = new World();
        RunRecord record = await TrainAsync(world, [$"model.moe.gate={gate}", .. settings, .. Common], kills: 2);
        Assert.Equal(2, record.Report.Faults.Count);
        Assert.Equal(expected.Report.Totals.WeightsHash, record.Report.Totals.WeightsHash);
        Assert.Equal(expected.Report.Totals.StateHash, record.Report.Totals.StateHash);
    }

    [Fact]
    public async Task The_bias_of_deepseek_v3_balances_without_a_loss_also_over_a_kill()
    {
        await using var world = new World();
        string[] settings = ["model.moe.gate=deepseek-v3", "model.moe.bias-rate=0.003", "model.moe.losses=[none]", "checkpoint.interval=100"];
        RunRecord record = await TrainAsync(world, settings, kills: 1, steps: 401);
        StepLine[] last = [.. record.Report.Steps.Where(s => s.Step is >= 300 and <= 400)];
        for (int layer = 0; layer < last[0].Load!.Count; layer++)
        {
            long[] load = [.. last[0].Load![layer].Select((_, e) => last.Sum(s => s.Load![layer][e]))];
            Assert.True(RouterLoad.MaxOverMean(load) <= 1.1, $"layer {layer}: {string.Join(", ", load)}");
        }
    }

    private static async Task<RunRecord> TrainAsync(World world, string[] settings, int kills, int steps = Steps)
    {
        MoeProcess run = world.Start([.. world.Train(steps, settings), "--nodes", "2"]);
        for (int kill = 1; kill <= kills; kill++)
        {
            int at = kill * steps / (kills + 1);
            await run.SaysAsync(l => ResumeTests.StepOf(l) >= at, $"step {at}");
            NativeProcess.Signal(world.Living()[^1], NativeProcess.SigKill);
        }

        Ended ended = await run.EndedAsync();
        Assert.True(ended.Code == 0, run.Transcript);
        return new RunRecord(world.Run);
    }
}
