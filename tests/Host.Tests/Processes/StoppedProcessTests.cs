using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Host.Tests.Processes;

/// <summary>A process that is stopped (SIGSTOP) and never goes on.</summary>
[Trait("Tier", "integration")]
[Collection(ProcessCollection.Name)]
public sealed class StoppedProcessTests(UndisturbedRun undisturbed)
{
    [Fact]
    public async Task Its_supervisor_ends_it_once_the_cluster_has_removed_it_and_another_takes_its_place()
    {
        await using var world = new World();
        await StopAsync(world, "node-2");
    }

    /// <summary>The lock of the run's folder is still its own then; its successor goes on at once, behind the fence (Takeover.NeedsLock), and takes the lock when the process is dead.</summary>
    [Fact]
    public async Task Nobody_waits_for_the_lock_of_a_coordinator_that_is_stopped()
    {
        await using var world = new World();
        await StopAsync(world, "node-1");
        string logs = string.Concat(Directory.EnumerateFiles(Path.Combine(world.Run, "logs"), "node-*.log").Order().Select(File.ReadAllText));
        Assert.Contains("is still locked, by this run's former coordinator", logs, StringComparison.Ordinal);
        Assert.Contains($"{world.Run} is locked by this coordinator", logs, StringComparison.Ordinal);
    }

    private async Task StopAsync(World world, string node)
    {
        // Longer than anybody is waited for here: only another process lets the run go on.
        MoeProcess run = world.Start(world.Train(UndisturbedRun.Steps, [.. UndisturbedRun.Settings, UndisturbedRun.Waiting, "recovery.grace=10 min", "faults.enabled=on", "faults.random-delay=10 ms"]));
        await run.SaysAsync("  checkpoint 4");
        NativeProcess.Signal(await run.PidOfNodeAsync(node), NativeProcess.SigStop);
        await run.SaysAsync($"{node} (pid ");
        Ended ended = await run.EndedAsync();
        Assert.True(ended.Code == 0, run.Transcript);

        world.NothingIsLeft();
        var record = new RunRecord(world.Run);
        record.EndsLike(undisturbed.Record);
        record.EverySampleContributedOnce(UndisturbedRun.Steps);
        record.SurvivorsKeptProcessAndActors();
        Assert.Equal(["node-1,node-2,node-3", "node-1,node-2,node-3"], record.Epochs.Select(e => string.Join(',', e.Nodes.Select(n => n.Name).Order())));
        Assert.Equal((node, true), record.Report.Faults.Select(f => (f.Target, f.LostSteps <= 1)).Single());
    }
}
