using System.Globalization;
using System.Text.RegularExpressions;

using MoeActors.Host.Commands;
using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Host.Tests.Processes;

/// <summary>Runs that are stopped, or lose their supervisor, and go on.</summary>
[Trait("Tier", "integration")]
[Collection(ProcessCollection.Name)]
public sealed class ResumeTests(UndisturbedRun undisturbed)
{
    [Fact]
    public async Task A_run_stopped_by_Ctrl_C_on_three_nodes_then_on_two_ends_on_four_like_the_undisturbed_one()
    {
        await using var world = new World();
        await InterruptedAsync(world, world.Start(world.Train(UndisturbedRun.Steps, UndisturbedRun.Settings)), 6);
        await InterruptedAsync(world, world.Start(world.Resume("--nodes", "2")), 20);
        MoeProcess last = world.Start(world.Resume("--nodes", "4"));
        Assert.True((await last.EndedAsync()).Code == ExitCodes.Ok, last.Transcript);
        world.NothingIsLeft();
        var run = new RunRecord(world.Run);
        run.EndsLike(undisturbed.Record);
        run.EverySampleContributedOnce(UndisturbedRun.Steps);
        Assert.Equal([3, 2, 4], run.Epochs.Select(e => e.Nodes.Length));
        Assert.Equal(0, run.Report.Totals.ReplayedSteps);
    }

    [Fact]
    public async Task When_the_supervisor_is_killed_its_nodes_end_by_themselves_and_resume_goes_on()
    {
        await using var world = new World();
        MoeProcess train = world.Start(world.Train(UndisturbedRun.Steps, UndisturbedRun.Settings));
        await train.SaysAsync(l => StepOf(l) >= 9, "a step from 9 on");
        int[] nodes = [.. world.Living().Where(p => p != train.Pid)];
        Assert.Equal(3, nodes.Length);
        train.Signal(NativeProcess.SigKill);
        foreach (int node in nodes)
        {
            Assert.True(await NativeProcess.EndedAsync(node, TimeSpan.FromSeconds(60)), $"node {node} goes on without its supervisor");
        }

        await train.EndedAsync();
        world.NothingIsLeft();
        MoeProcess resumed = world.Start(world.Resume());
        Assert.True((await resumed.EndedAsync()).Code == ExitCodes.Ok, resumed.Transcript);
        world.NothingIsLeft();
        var run = new RunRecord(world.Run);
        run.EndsLike(undisturbed.Record);
        run.EverySampleContributedOnce(UndisturbedRun.Steps);
    }

    [Fact]
    public async Task A_node_that_keeps_dying_uses_up_its_budget_and_ends_the_run_with_one_line()
    {
        await using var world = new World();
        Ended ended = await world.RunAsync(world.Train(
            UndisturbedRun.Steps, "faults.enabled=on", "faults.kill-points=[node-2:2:forward, node-2/1:*:recovery]", "supervision.restart-budget=1"));
        Assert.Equal(ExitCodes.RestartBudget, ended.Code);
        Assert.Equal("moe: node-2: it died 2 times within 10 min: supervision.restart-budget = 1 is used up", ended.Error.TrimEnd());
        world.NothingIsLeft();
    }

    /// <summary>The step a line of progress tells of; -1 when it tells of none.</summary>
    internal static int StepOf(string line) =>
        Regex.Match(line, @"^step (\d+)/") is { Success: true } match ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : -1;

    private static async Task InterruptedAsync(World world, MoeProcess train, int step)
    {
        await train.SaysAsync(l => StepOf(l) >= step, $"a step from {step} on");
        train.Signal(NativeProcess.Interrupt);
        Ended ended = await train.EndedAsync();
        Assert.True(ended.Code == ExitCodes.Interrupted, train.Transcript);
        world.NothingIsLeft();
        var run = new RunRecord(world.Run);
        Assert.Equal("stopped", run.Report.Totals.Outcome);

        // The newest checkpoint is that of the last step: nothing is computed again. One along the way may have been published after it.
        Assert.Equal(run.Report.Steps[^1].Step + 1, run.Report.Checkpoints.Max(c => c.Step));
    }
}
