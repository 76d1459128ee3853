using System.Diagnostics;

using MoeActors.Compute;
using MoeActors.Host.Runs;
using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Host.Tests.Processes;

/// <summary>The samples do what their first lines say.</summary>
[Collection(ProcessCollection.Name)]
[Trait("Tier", "integration")]
public sealed class SampleTests
{
    private static readonly string Readme = Path.Combine(ProjectFolder.Find(), "README.md");

    [Fact]
    public async Task The_library_trains_saves_loads_and_generates_and_the_command_opens_what_it_saved()
    {
        await using var world = new World();
        string output = await RunAsync("Library", Readme, world.Run, "20");
        Assert.Contains("step 20: loss", output, StringComparison.Ordinal);
        Assert.Contains("\nIt was", output, StringComparison.Ordinal);
        using (MoeModel model = Moe.Load(world.Run))
        {
            Assert.Equal(20, model.Steps);
        }

        Ended generated = await world.RunAsync("generate", world.Run, "--prompt", "It was", "--tokens", "5");
        Assert.True(generated.Code == 0, generated.Error);
        Ended verified = await world.RunAsync("checkpoint", "verify", world.Run);
        Assert.True(verified.Code == 0, verified.Error);
    }

    [Fact]
    public async Task A_gate_of_one_s_own_trains_beside_those_of_the_catalogue()
    {
        string output = await RunAsync("OwnGate", Readme, "5");
        Assert.Contains("round-robin: loss", output, StringComparison.Ordinal);
        Assert.Contains("choices by expert 128 128 128 128", output, StringComparison.Ordinal);
    }

    private static async Task<string> RunAsync(string sample, params string[] arguments)
    {
        string program = Path.Combine(ProjectFolder.Find(), "samples", sample, "bin", "Release", "net10.0", "linux-x64", $"MoeActors.Samples.{sample}.dll");
        using var process = new MoeProcess(new ProcessStartInfo(World.Dotnet(), [program, .. arguments]));
        Ended ended = await process.EndedAsync();
        Assert.True(ended.Code == 0, process.Transcript);
        return ended.Output;
    }
}
