using MoeActors.Host.Commands;
using MoeActors.Host.Runs;
using MoeActors.Host.Tests.Processes;
using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Host.Tests.Compatibility;

/// <summary>Runs of the former build go on and end as that build would have ended them. Where the kind of processor is unknown, that build is made and asked.</summary>
[Trait("Tier", "integration")]
[Collection(ProcessCollection.Name)]
public sealed class FormerRunTests : IAsyncLifetime
{
    private readonly World world = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => world.DisposeAsync();

    [Fact]
    public Task A_run_that_the_former_build_was_stopped_in_is_resumed_and_ends_like_that_build_s_undisturbed_run() =>
        EndsAsBeforeAsync("tiny", FormerBuild.Steps, former => (former, ["resume", former, "--set", "reports.picture=off", "--set", "generation.tokens=8"]));

    [Theory]
    [InlineData("tiny", 30)]
    [InlineData("small", 4)]
    public Task A_preset_trained_on_nodes_ends_with_the_hashes_of_the_former_build(string preset, int steps) => EndsAsBeforeAsync(preset, steps, former =>
    {
        string run = $"{former}-{preset}";
        return (run, World.TrainWith(
            [("--preset", preset), ("--data", Path.Combine(former, RunFolders.CorpusName)), ("--run-dir", run), ("--steps", $"{steps}"), ("--seed", $"{FormerBuild.Seed}")]));
    });

    /// <summary>The command made from a copy of the former run's folder, and the run it trains, end as they did; each build works on a copy of its own.</summary>
    private async Task EndsAsBeforeAsync(string preset, int steps, Func<string, (string Run, string[] Command)> command)
    {
        async Task<RunRecord> EndedAsync(string folder)
        {
            (string run, string[] arguments) = command(FormerBuild.Unpack(world.File(folder)));
            MoeProcess process = world.Start(arguments);
            Assert.True((await process.EndedAsync()).Code == ExitCodes.Ok, process.Transcript);
            return new RunRecord(run);
        }

        FormerHashes Hashes(RunRecord run) => new(preset, steps, run.Report.Totals.WeightsHash!, run.Report.Totals.StateHash!);
        RunRecord now = await EndedAsync("now");
        if (FormerBuild.Known.HashesHere(preset) is not { } before)
        {
            world.Program = await FormerBuild.Known.ProgramAsync();
            before = Hashes(await EndedAsync("former"));
        }

        Assert.Equal(before, Hashes(now));
        Assert.Equal(((long)steps, 0L, 0L), (now.Report.Totals.Steps, now.Report.Samples.Lost, now.Report.Samples.Repeated));
        world.NothingIsLeft("former", "now");
    }
}
