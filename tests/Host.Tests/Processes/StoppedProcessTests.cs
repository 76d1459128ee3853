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

        // Longer than anybody is waited for here: only another process lets the run go on.
        MoeProcess run = world.Start(world.Train(UndisturbedRun.Steps, [.. UndisturbedRun.Settings, UndisturbedRun.Waiting, "recovery.grace=10 min", "faults.enabled=on", "faults.random-delay=10 ms"]));
        await run.SaysAsync("  checkpoint 4");
        NativeProcess.Signal(await run.PidOfNodeAsync("node-2"), NativeProcess.SigStop);
        await run.SaysAsync("node-2 (pid ");
        Ended ended = await run.EndedAsync();
        Assert.True(ended.Code == 0, run.Transcript);

        world.NothingIsLeft();
        var record = new RunRecord(world.Run);
        record.EndsLike(undisturbed.Record);
        record.EverySampleContributedOnce(UndisturbedRun.Steps);
        record.SurvivorsKeptProcessAndActors();
        Assert.Equal(["node-1,node-2,node-3", "node-1,node-2,node-3"], record.Epochs.Select(e => string.Join(',', e.Nodes.Select(n => n.Name).Order())));
        Assert.Equal(("node-2", true), record.Report.Faults.Select(f => (f.Target, f.LostSteps <= 1)).Single());
    }
}
