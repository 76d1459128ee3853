using MoeActors.Actors.Tests.Clusters;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Specs;
using MoeActors.Host.Commands;
using MoeActors.Host.Configuration;
using MoeActors.Host.Runs;
using MoeActors.Host.Tests.Commands;

namespace MoeActors.Host.Tests.Compatibility;

/// <summary>A preset, a text and a seed give the bits they gave in the first build, and what that build left behind is read.</summary>
public sealed class FormerHashesTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("tiny")]
    [InlineData("small")]
    public async Task A_preset_ends_with_the_hashes_of_the_former_build(string preset)
    {
        FormerHashes? former = FormerBuild.Known.HashesHere(preset);
        Assert.SkipWhen(
            former is null, $"no hashes are known of processors of the kind {ProcessorKind.Here()}: ./test.sh --integration Host compares with a build of {FormerBuild.Known.Commit[..7]}");
        string run = FormerBuild.Unpack(folder.Path);
        MoeSettings settings = SettingsLoader.Load(new SettingsRequest
        {
            WorkingFolder = folder.Path,
            Overrides = [.. ((string[])[$"preset={preset}", $"training.steps={former!.Steps}", $"training.seed={FormerBuild.Seed}", $"data.paths=[{Path.Combine(run, RunFolders.CorpusName)}]"]).Select(SettingOverride.Parse)],
        });
        Reference now = await Reference.TrainAsync(RunFolders.Resolve(settings.Run));
        Assert.Equal(former, new FormerHashes(preset, former.Steps, now.WeightsHash, now.StateHash));
    }

    [Fact]
    public async Task The_record_and_the_checkpoint_of_a_former_run_are_read_and_verified()
    {
        string run = FormerBuild.Unpack(folder.Path);
        RunSpec record = RunFolders.Resolve(RunFolders.Read(run));
        Assert.Equal(("tiny", FormerBuild.Steps, (long)FormerBuild.Seed), (record.Model.Name, record.Training.Steps, record.Training.Seed));
        var store = new CheckpointStore(Path.Combine(run, "checkpoints"));
        FormerCheckpoint stopped = FormerBuild.Known.Stopped;
        using var reader = new CheckpointReader(store.Storage, store.Open(stopped.Step));
        Assert.Equal(stopped, new FormerCheckpoint(stopped.Step, StateHash.Weights(reader, Cancel), StateHash.State(reader, Cancel)));
        var cli = new Cli();
        Assert.True(await cli.Run("checkpoint", "verify", run) == ExitCodes.Ok, cli.Error);
    }
}
