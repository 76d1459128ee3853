using System.Diagnostics;

using MoeActors.Host.Commands;
using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Host.Tests.Processes;

/// <summary>Run folders are copied and moved; what lies in them acts on the folder it lies in.</summary>
[Trait("Tier", "integration")]
[Collection(ProcessCollection.Name)]
public sealed class CopiedFolderTests(UndisturbedRun undisturbed)
{
    [Fact]
    public async Task A_copy_is_resumed_while_the_original_is_trained_and_both_end_like_the_undisturbed_run()
    {
        await using var world = new World();
        MoeProcess original = world.Start(world.Train(UndisturbedRun.Steps, [.. UndisturbedRun.Settings, UndisturbedRun.Waiting, "faults.enabled=on", "faults.random-delay=20 ms"]));
        await original.SaysAsync("  checkpoint 8");
        string folder = world.File("copy");
        await CopyAsync(world.Run, folder);
        MoeProcess copy = world.Start(["resume", folder, "--set", "reports.picture=off", "--set", "reports.line-every=1", "--set", "generation.tokens=8"]);
        Assert.True((await copy.EndedAsync()).Code == ExitCodes.Ok, copy.Transcript);
        Assert.True((await original.EndedAsync()).Code == ExitCodes.Ok, original.Transcript);
        Assert.DoesNotContain("FAILED", original.Transcript, StringComparison.Ordinal);
        world.NothingIsLeft("copy");
        foreach (var record in new[] { new RunRecord(world.Run), new RunRecord(folder) })
        {
            record.EndsLike(undisturbed.Record);
            record.EverySampleContributedOnce(UndisturbedRun.Steps);
        }

        Assert.Single(new RunRecord(world.Run).Epochs);
    }

    [Fact]
    public async Task A_run_that_crashed_goes_on_where_its_folder_was_moved_to_and_its_old_place_stays_empty()
    {
        await using var world = new World();
        MoeProcess train = world.Start(world.Train(UndisturbedRun.Steps, [.. UndisturbedRun.Settings, UndisturbedRun.Waiting]));
        await train.SaysAsync("  checkpoint 8");
        int[] living = [.. world.Living()];
        foreach (int pid in living)
        {
            NativeProcess.Signal(pid, NativeProcess.SigKill);
        }

        await train.EndedAsync();
        string moved = world.File("moved");
        Directory.Move(world.Run, moved);
        MoeProcess resumed = world.Start(["resume", moved, "--set", "reports.picture=off", "--set", "reports.line-every=1", "--set", "generation.tokens=8"]);
        Assert.True((await resumed.EndedAsync()).Code == ExitCodes.Ok, resumed.Transcript);
        Assert.False(Directory.Exists(world.Run), resumed.Transcript);
        world.NothingIsLeft("moved");
        new RunRecord(moved).EndsLike(undisturbed.Record);
    }

    [Fact]
    public async Task A_stop_that_was_interrupted_does_not_stop_the_run_when_it_is_resumed()
    {
        await using var world = new World();
        MoeProcess train = world.Start(world.Train(UndisturbedRun.Steps, [.. UndisturbedRun.Settings, UndisturbedRun.Waiting, "faults.enabled=on", "faults.random-delay=200 ms"]));
        await train.SaysAsync("  checkpoint 4");
        int[] living = [.. world.Living()];
        train.Signal(NativeProcess.Interrupt);
        await train.SaysAsync("stopping: interrupted");
        foreach (int pid in living)
        {
            NativeProcess.Signal(pid, NativeProcess.SigKill);
        }

        await train.EndedAsync();
        MoeProcess resumed = world.Start(world.Resume());
        Assert.True((await resumed.EndedAsync()).Code == ExitCodes.Ok, resumed.Transcript);
        new RunRecord(world.Run).EndsLike(undisturbed.Record);
    }

    // Past the locks, as a user copies.
    private static async Task CopyAsync(string from, string to)
    {
        using Process copy = Process.Start(new ProcessStartInfo("cp", ["-a", "--", from, to]) { RedirectStandardError = true })!;
        await copy.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await copy.WaitForExitAsync(TestContext.Current.CancellationToken);
    }
}
