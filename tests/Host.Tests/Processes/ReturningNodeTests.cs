using MoeActors.Host.Commands;
using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Host.Tests.Processes;

/// <summary>A service manager starts a node that died at once, where it was: the node is another process at the old address, stays, and computes again, and nothing of it shows in the result.</summary>
[Trait("Tier", "integration")]
[Collection(ProcessCollection.Name)]
public sealed class ReturningNodeTests
{
    private const int Steps = 160, Batch = 6;

    private static readonly string[] Run =
    [
        .. ((string[])["layout.ranks=3", "layout.expert-parallel=3", $"training.global-batch={Batch}", "checkpoint.interval=20", "checkpoint.keep=20", "reports.picture=off"])
            .SelectMany(s => (string[])["--set", s]),
    ];

    [Fact]
    public async Task Three_nodes_become_two_and_three_again_and_the_state_at_the_end_is_that_of_the_run_nothing_happens_to()
    {
        await using var world = new World();
        string undisturbed = world.File("undisturbed");
        Ended alone = await world.RunAsync(
            ["train", "--preset", "tiny", "--data", world.Text, "--run-dir", undisturbed, "--steps", $"{Steps}", "--set", "generation.tokens=8", "--set", "checkpoint.asynchronous=off", .. Run]);
        Assert.True(alone.Code == 0, alone.Error);

        // Nobody waits for the lost node: its ranks move. Messages take their time, so that a node comes back in the middle of the run.
        var cluster = new HandMadeCluster(
            world, "--set", "cluster.secret=hush-19-hush-19-hush", "--set", "recovery.grace=50 ms", "--set", "recovery.settle=500 ms", "--set", "faults.enabled=on", "--set", "faults.random-delay=10 ms");
        foreach (string name in (string[])["a", "b", "c"])
        {
            await cluster.AddAsync(name);
        }

        Ended started = await cluster.RunAsync("start", ["--preset", "tiny", "--data", world.Text, "--run-dir", world.Run, "--steps", $"{Steps}", .. Run]);
        Assert.True(started.Code == 0, started.Error);
        MoeProcess watch = cluster.StartAt(cluster.Address, "status", "--watch");
        await watch.SaysAsync("checkpoint 20 published");
        await cluster.KillAndStartAgainAsync("c");
        Ended watched = await watch.EndedAsync();
        Assert.True(watched.Code == 0, watched.Error);

        var record = new RunRecord(world.Run);
        record.EndsLike(new RunRecord(undisturbed));
        record.EverySampleContributedOnce(Steps, Batch);
        record.SurvivorsKeptProcessAndActors();
        Assert.Equal(["a,b,c", "a,b", "a,b,c"], record.Epochs.Select(e => string.Join(',', e.Nodes.Select(n => n.Name))));
        NodeOf back = record.Epochs[^1].Nodes.Single(n => n.Name == "c");
        Assert.Equal(cluster.Nodes[2].Process.Pid, back.Pid);
        Assert.Single(back.Ranks);
        Assert.Equal(("c", true), record.Report.Faults.Select(f => (f.Target, f.LostSteps <= 1)).Single());
        foreach ((MoeProcess process, _, _) in cluster.Nodes)
        {
            process.Signal(NativeProcess.Interrupt);
            Assert.Equal(ExitCodes.Interrupted, (await process.EndedAsync()).Code);
        }

        world.NothingIsLeft("data", "undisturbed");
    }
}
