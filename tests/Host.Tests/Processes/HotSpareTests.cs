using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Host.Tests.Processes;

/// <summary>`moe train --spares`: nodes that wait for one to be lost.</summary>
[Trait("Tier", "integration")]
[Collection(ProcessCollection.Name)]
public sealed class HotSpareTests(UndisturbedRun undisturbed)
{
    [Fact]
    public async Task A_spare_takes_a_lost_nodes_place_at_once_and_nothing_shows_in_the_result()
    {
        await using var world = new World();

        // Messages take their time, so that the spare is ready in the middle of the run.
        MoeProcess run = world.Start(
        [
            .. world.Train(UndisturbedRun.Steps, [.. UndisturbedRun.Settings, UndisturbedRun.Waiting, "recovery.settle=0 s", "faults.enabled=on", "faults.random-delay=10 ms"]),
            "--spares", "1",
        ]);
        string spare = (await run.SaysAsync(" is ready and waits: the run has all the nodes it asked for")).Split(" is ready")[0].Split(' ')[^1];
        string lost = ((string[])["node-2", "node-3", "node-4"]).First(n => n != spare);
        await run.SaysAsync("  checkpoint 4");
        NativeProcess.Signal(await run.PidOfNodeAsync(lost), NativeProcess.SigKill);
        Ended ended = await run.EndedAsync();
        Assert.True(ended.Code == 0, run.Transcript);

        world.NothingIsLeft();
        var record = new RunRecord(world.Run);
        record.EndsLike(undisturbed.Record);
        record.EverySampleContributedOnce(UndisturbedRun.Steps);
        Assert.Equal(2, record.Epochs.Count);
        Assert.Equal(
            record.Epochs[0].Nodes.Select(n => n.Name).Select(n => n == lost ? spare : n).Order(),
            record.Epochs[1].Nodes.Select(n => n.Name).Order());
        Assert.Equal((lost, true), record.Report.Faults.Select(f => (f.Target, f.LostSteps <= 1)).Single());
        Assert.Contains("nodes 3/3 + 1", ended.Output, StringComparison.Ordinal);
    }
}
