using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Host.Commands;
using MoeActors.Host.Configuration;
using MoeActors.Host.Reports;
using MoeActors.Host.Runs;
using MoeActors.Host.Tests.Compatibility;
using MoeActors.Host.Tests.Configuration;

namespace MoeActors.Host.Tests.Runs;

public sealed class GenerateHandlerTests
{
    [Fact]
    public async Task Where_there_is_no_such_checkpoint_nothing_is_shown()
    {
        using var samples = new Samples();
        MoeSettings settings = samples.Load(null, "preset=tiny");
        await File.WriteAllTextAsync(Path.Combine(samples.Folder, RunReports.RecordName), settings.Run.ToJson(), TestContext.Current.CancellationToken);
        using var output = new StringWriter();
        await Assert.ThrowsAsync<CheckpointException>(async () => await new GenerateHandler(output, TextWriter.Null).RunAsync(new GenerateRequest(samples.Folder, 99, settings, Json: false), TestContext.Current.CancellationToken));
        Assert.Empty(output.ToString());
    }

    [Fact]
    public async Task A_newer_checkpoint_that_cannot_be_read_is_named()
    {
        using var folder = new TemporaryFolder();
        using var samples = new Samples();
        string run = FormerBuild.Unpack(folder.Path);
        string newest = Path.Combine(run, "checkpoints", CheckpointPaths.ManifestName(99));
        await File.WriteAllTextAsync(newest, "{", TestContext.Current.CancellationToken);
        using var output = new StringWriter();
        using var error = new StringWriter();
        MoeSettings settings = samples.Load(null, "preset=tiny", "generation.tokens=2", "generation.prompt=It was");
        Assert.Equal(ExitCodes.Ok, await new GenerateHandler(output, error).RunAsync(new GenerateRequest(run, null, settings, Json: false), TestContext.Current.CancellationToken));
        Assert.StartsWith("It was", output.ToString(), StringComparison.Ordinal);
        Assert.Contains($"{Path.GetFileName(newest)}: broken, an older one is taken", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/runs/book", "moe resume /runs/book")]
    [InlineData("/runs/my book", "moe resume '/runs/my book'")]
    [InlineData("/runs/it's", "moe resume '/runs/it'\\''s'")]
    public void The_command_that_goes_on_is_what_a_shell_takes(string folder, string expected) => Assert.Equal(expected, ResumeHint.Of(folder));
}
