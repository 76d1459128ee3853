using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Host.Tests.Processes;

/// <summary>Real SIGKILLs at planned moments: the run ends with the same weights and state as the one nothing happened to (RC-1, ST-1, CK-1, DA-1).</summary>
[Trait("Tier", "integration")]
[Collection(ProcessCollection.Name)]
public sealed class InvisibleRecoveryTests(UndisturbedRun undisturbed)
{
    [Fact]
    public async Task Nodes_killed_in_every_phase_of_step_checkpoint_and_recovery_leave_no_trace_in_the_result()
    {
        RunRecord run = await DisturbedAsync(
            [], "node-2:2:forward", "node-3:6:dispatch", "node-2/1:10:backward", "node-3/1:13:reduction", "node-2/2:17:update:1", "node-3/2:21:update:2",
            "node-3/3:*:recovery", "node-2/3:24:snapshot", "node-3/4:28:persist", "node-2/4:33:forward", "node-3/5:33:recovery");
        run.PhasesHit(
            "node-2:forward", "node-3:dispatch", "node-2:backward", "node-3:reduction", "node-2:update", "node-3:update",
            "node-3:recovery", "node-2:snapshot", "node-3:persist", "node-2:forward", "node-3:recovery");

        // Only the last two were lost together: node-3 held the copies of what node-2 took with it, and died before it had handed them on.
        Assert.All(run.Report.Faults.SkipLast(2), f => Assert.InRange(f.LostSteps, 0, 1));
        Assert.All(run.Report.Faults.TakeLast(2), f => Assert.Contains("are lost", f.Reason, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_coordinators_node_killed_in_the_middle_of_a_step_and_while_it_publishes_leaves_no_trace_in_the_result()
    {
        // node-1 is the first coordinator. Whoever follows it (node-2 or node-3, as they joined) dies before it publishes step 16, and so does the
        // next; node-1's second process, by then the oldest, dies right after it has published step 24.
        RunRecord run = await DisturbedAsync([UndisturbedRun.Waiting], "node-1:6:backward:2", "node-2:16:commit", "node-3:16:commit", "node-1/1:24:commit:2");
        run.PhasesHit("node-1:backward", "node-2:commit", "node-3:commit", "node-1:commit");

        // RC-1: a successor goes by what its nodes have heard; nobody goes back.
        Assert.All(run.Report.Faults, f => Assert.InRange(f.LostSteps, 0, 1));
    }

    private async Task<RunRecord> DisturbedAsync(string[] settings, params string[] kills)
    {
        await using var world = new World();
        string points = string.Join(", ", kills.Select(k => $"\"{k}\""));
        MoeProcess process = world.Start(world.Train(UndisturbedRun.Steps, [.. UndisturbedRun.Settings, .. settings, "faults.enabled=on", $"faults.kill-points=[{points}]"]));
        Ended ended = await process.EndedAsync();
        Assert.True(ended.Code == 0, process.Transcript);
        world.NothingIsLeft();
        var run = new RunRecord(world.Run);
        run.EndsLike(undisturbed.Record);
        run.EverySampleContributedOnce(UndisturbedRun.Steps);
        run.SurvivorsKeptProcessAndActors();
        Assert.All(run.Report.Faults, f => Assert.InRange(f.FirstStepMs!.Value, 1, 60_000));

        return run;
    }
}
