using MoeActors.Compute.Specs;
using MoeActors.Host.Commands;
using MoeActors.Host.Configuration;
using MoeActors.Host.Runs;
using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Host.Tests.Processes;

/// <summary>Runs that are complete, made longer, or begun with another's weights.</summary>
[Collection(ProcessCollection.Name)]
public sealed class LongerRunTests(UndisturbedRun undisturbed)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_run_that_is_complete_is_said_to_be_and_left_as_it_is(bool json)
    {
        string folder = undisturbed.World.Run;
        (string, DateTime, long)[] before = Files(folder);
        var output = new StringWriter();
        var request = new ResumeRequest(folder, new SettingsRequest { ConfigFile = null, Overrides = [SettingOverride.Parse("nodes=2")] }, json);
        Assert.Equal(ExitCodes.Ok, await new ResumeHandler(output, TextWriter.Null).RunAsync(request, TestContext.Current.CancellationToken));
        Assert.Contains(json ? "\"outcome\":\"completed\"" : $"is complete: all its {UndisturbedRun.Steps} steps are done", output.ToString(), StringComparison.Ordinal);
        Assert.Equal(before, Files(folder));
    }

    [Fact]
    [Trait("Tier", "integration")]
    public async Task A_run_goes_on_beyond_its_end_and_another_begins_with_its_weights()
    {
        await using var world = new World();
        await DoneAsync(world, world.Train(4, "checkpoint.interval=2"));
        await DoneAsync(world, world.Resume("--steps", "7", "--nodes", "1"));
        var longer = new RunRecord(world.Run);
        longer.EverySampleContributedOnce(7);
        RunSpec record = RunSpec.FromJson(await File.ReadAllTextAsync(Path.Combine(world.Run, "run.json"), TestContext.Current.CancellationToken));
        RunExtension e = Assert.Single(record.Extensions!);
        Assert.Equal((4, 7, 4L), (e.From, e.To, e.After));
        Assert.Equal(7, RunSpec.FromJson(longer.Report.Run.Config.GetRawText()).Extensions![0].To);

        string second = world.File("second");
        string[] train = World.TrainWith([("--preset", "tiny"), ("--data", world.Text), ("--run-dir", second), ("--steps", "3"), ("--from", world.Run), ("--nodes", "2")], "checkpoint.interval=0");
        await DoneAsync(world, train);
        RunOrigin origin = RunSpec.FromJson(await File.ReadAllTextAsync(Path.Combine(second, "run.json"), TestContext.Current.CancellationToken)).Origin!;
        Assert.Equal((record.RunId, 7L, longer.Report.Totals.WeightsHash, world.Run), (origin.RunId, origin.Step, origin.WeightsHash, origin.Folder));
        Assert.True(new RunRecord(second).Report.Steps[0].Loss < longer.Report.Steps[0].Loss - 0.01, "it does not begin where the other ended");

        Ended refused = await world.RunAsync([.. train.Select(a => a == second ? world.File("third") : a), "--set", "model.hidden=128"]);
        Assert.Equal(ExitCodes.Configuration, refused.Code);
        Assert.StartsWith("moe: model.hidden = 128, but run", refused.Error, StringComparison.Ordinal);
        world.NothingIsLeft("second");
    }

    [Fact]
    [Trait("Tier", "integration")]
    public async Task Text_that_changes_during_a_run_ends_it_with_the_exit_code_of_data_and_a_last_checkpoint()
    {
        await using var world = new World();
        MoeProcess train = world.Start(world.Train(400, "checkpoint.interval=0"));
        await train.SaysAsync(l => ResumeTests.StepOf(l) >= 3, "a step from 3 on");
        await File.AppendAllTextAsync(world.Text, "one line more\n", TestContext.Current.CancellationToken);
        Ended ended = await train.EndedAsync();
        Assert.True(ended.Code == ExitCodes.Data, train.Transcript);
        var run = new RunRecord(world.Run);
        Assert.Equal(run.Report.Steps[^1].Step + 1, run.Report.Checkpoints.Max(c => c.Step));
        world.NothingIsLeft();
    }

    [Fact]
    [Trait("Tier", "integration")]
    public async Task Too_few_open_files_and_a_current_folder_that_is_gone_are_called_what_they_are()
    {
        await using var world = new World();
        string dll = Path.Combine(world.Program, "MoeActors.Host.dll"), gone = world.File("gone");
        Ended few = await Shell($"ulimit -n 128; dotnet '{dll}' train --preset tiny --data '{world.Text}' --run-dir '{world.Run}' --steps 1 --nodes 1");
        Assert.Equal(ExitCodes.Resources, few.Code);
        Assert.Contains("only 128 files open", few.Error, StringComparison.Ordinal);
        Ended lost = await Shell($"mkdir '{gone}'; cd '{gone}'; rmdir '{gone}'; dotnet '{dll}' train --preset tiny --data '{world.Text}' --steps 1 --nodes 1");
        Assert.Equal(ExitCodes.Resources, lost.Code);
        Assert.Contains("the current folder does not exist any more", lost.Error, StringComparison.Ordinal);

        static async Task<Ended> Shell(string line)
        {
            using var process = new MoeProcess(new System.Diagnostics.ProcessStartInfo("bash") { ArgumentList = { "-c", line } });
            return await process.EndedAsync();
        }
    }

    private static async Task DoneAsync(World world, string[] arguments)
    {
        MoeProcess run = world.Start(arguments);
        Assert.True((await run.EndedAsync()).Code == ExitCodes.Ok, run.Transcript);
    }

    private static (string, DateTime, long)[] Files(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(f => (f, File.GetLastWriteTimeUtc(f), new FileInfo(f).Length))];
}
