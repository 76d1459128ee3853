using System.Text.Json;

using MoeActors.Host.Commands;
using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Host.Tests.Processes;

/// <summary>`moe fault` on a cluster of real processes: each fault of a process takes, another node sees it, and the run goes on (AD-1).</summary>
[Collection(ProcessCollection.Name)]
[Trait("Tier", "soak")]
public sealed class FaultCommandTests
{
    [Fact]
    public async Task Faults_of_processes_take_and_the_run_survives_them()
    {
        await using var world = new World();
        MoeProcess run = world.Start(world.Train(
            100_000, "checkpoint.interval=20", "faults.enabled=on", "faults.max-active=1", "faults.max-duration=5 s", "supervision.restart-budget=50"));
        await run.SaysAsync("step ");
        Assert.Contains("would inject kill-process on node-2", (await FaultAsync(world, "inject", "kill-process", "--target", "node-2", "--dry-run")).Output, StringComparison.Ordinal);
        await RefusedAsync(world, "no such node", "inject", "kill-process", "--target", "node-9");
        await RefusedAsync(world, "faults.max-duration = 5 s", "inject", "stop-process", "--target", "node-2", "--for", "6s");
        await RefusedAsync(world, "there is no fault f-7", "cancel", "f-7");

        await TakesAsync(world, "is stopped", "stop-process", "node-3", "--for", "500ms");
        await TakesAsync(world, "was stopped at", "slow-process", "node-2", "--for", "1s", "--with", "share=0.5");
        await TakesAsync(world, "MiB more than before", "memory-pressure", "node-3", "--for", "2s", "--with", "mib=64");

        // What it took is given back whole: the second time is like the first.
        await TakesAsync(world, "MiB more than before", "memory-pressure", "node-3", "--for", "2s", "--with", "mib=64");
        await TakesAsync(world, "is gone", "kill-process", "node-2");
        await TakesAsync(world, "is gone", "kill-at-phase", "node-3", "--for", "5s", "--with", "phase=update");
        await TakesAsync(world, "leaves the cluster", "leave", "node-2");

        // The node of coordinator and admin: the admin after it follows the fault to its end.
        await TakesAsync(world, "is gone", "kill-process", "coordinator");
        using (JsonDocument all = JsonDocument.Parse((await FaultAsync(world, "status", "--json")).Output))
        {
            Assert.All(all.RootElement.GetProperty("faults").EnumerateArray(), f => Assert.Contains(f.GetProperty("state").GetString(), (string?[])["over", "cancelled"]));
            Assert.Equal(8, all.RootElement.GetProperty("faults").GetArrayLength());
        }

        run.Signal(NativeProcess.Interrupt);
        Ended ended = await run.EndedAsync();
        Assert.True(ended.Code == ExitCodes.Interrupted, run.Transcript);
        var record = new RunRecord(world.Run);
        Assert.Equal(0, record.Report.Samples.Lost + record.Report.Samples.Repeated);
        Assert.Contains(record.Report.Faults, f => f is { Injected: true, Target: "node-2" });
        world.NothingIsLeft();
    }

    private static async Task TakesAsync(World world, string seen, string kind, string target, params string[] more)
    {
        Ended ended;
        do
        {
            ended = await FaultAsync(world, ["inject", kind, "--target", target, "--json", .. more]);
        }
        while (ended.Code == ExitCodes.FaultRefused && (ended.Error.Contains("no such node", StringComparison.Ordinal) || ended.Error.Contains("are under way", StringComparison.Ordinal)));
        Assert.True(ended.Code == 0, $"{kind}: {ended.Error}");
        using JsonDocument fault = JsonDocument.Parse(ended.Output);
        Assert.Contains(seen, fault.RootElement.GetProperty("outcome").GetString(), StringComparison.Ordinal);
        Assert.NotEqual(target, fault.RootElement.GetProperty("observer").GetString());
        await FaultAsync(world, "cancel", fault.RootElement.GetProperty("id").GetString()!);
    }

    private static async Task RefusedAsync(World world, string reason, params string[] arguments)
    {
        Ended ended = await FaultAsync(world, arguments);
        Assert.Equal(ExitCodes.FaultRefused, ended.Code);
        Assert.Contains(reason, ended.Error, StringComparison.Ordinal);
    }

    private static Task<Ended> FaultAsync(World world, params string[] arguments) => world.RunAsync(["fault", .. arguments, "--run-dir", world.Run]);
}
