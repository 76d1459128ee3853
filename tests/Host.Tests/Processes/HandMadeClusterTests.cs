using System.IO.Compression;
using System.Text.Json;

using MoeActors.Host.Commands;
using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Host.Tests.Processes;

/// <summary>A cluster started by hand: `moe node` in several terminals, `moe run` from another.</summary>
[Collection(ProcessCollection.Name)]
[Trait("Tier", "integration")]
public sealed class HandMadeClusterTests
{
    private const string Secret = "hush-7fd1c2-7fd1c2";

    [Fact]
    public async Task Three_nodes_train_a_submitted_run_stop_another_and_what_they_leave_can_be_read()
    {
        await using var world = new World();
        var cluster = new HandMadeCluster(world, "--set", $"cluster.secret={Secret}");
        foreach (string name in (string[])["a", "b", "c"])
        {
            await cluster.AddAsync(name);
        }

        // If the coordinator moved there, it would find no run.
        Ended elsewhere = await world.RunAsync("node", "--join", cluster.Address, "--data-dir", world.File("elsewhere"), "--set", $"cluster.secret={Secret}", "--set", "node.name=d");
        Assert.Equal(ExitCodes.Cluster, elsewhere.Code);
        Assert.Contains("give the nodes of one machine the same --data-dir", elsewhere.Error, StringComparison.Ordinal);

        string[] run = ["--preset", "tiny", "--data", world.Text, "--json"];
        Ended started = await cluster.RunAsync("start", [.. run, "--run-dir", world.Run, "--steps", "12"]);
        Assert.True(started.Code == 0, started.Error);
        Ended watched = await cluster.RunAtAsync(cluster.Nodes[2].Address, "status", "--watch");
        Assert.True(watched.Code == 0, watched.Error);
        using (JsonDocument status = JsonDocument.Parse((await cluster.RunAsync("status", "--json")).Output))
        {
            Assert.Equal("completed", status.RootElement.GetProperty("outcome").GetString());
            Assert.Equal(12, status.RootElement.GetProperty("step").GetInt64());
            Assert.Equal(3, status.RootElement.GetProperty("nodes").GetArrayLength());
        }

        await MetricsAnswerAsync(cluster);
        await StoppedAsync(world, cluster, run);
        foreach ((MoeProcess process, _, _) in cluster.Nodes.Reverse())
        {
            process.Signal(NativeProcess.Interrupt);
            Assert.Equal(ExitCodes.Interrupted, (await process.EndedAsync()).Code);
        }

        await ReadableAsync(world);
        world.NothingIsLeft("data", "elsewhere", "stopped", "diagnosis.zip");
    }

    private static async Task MetricsAnswerAsync(HandMadeCluster cluster)
    {
        using var http = new HttpClient();
        string metrics = await http.GetStringAsync(new Uri(cluster.Nodes[1].Http!, "/metrics"), TestContext.Current.CancellationToken);
        Assert.Contains("moe_", metrics, StringComparison.Ordinal);
    }

    private static async Task StoppedAsync(World world, HandMadeCluster cluster, string[] run)
    {
        string folder = world.File("stopped");
        Assert.Equal(0, (await cluster.RunAsync("start", [.. run, "--run-dir", folder, "--steps", "100000"])).Code);
        Ended second = await cluster.RunAsync("start", [.. run, "--run-dir", world.File("third"), "--steps", "5"]);
        Assert.Equal(ExitCodes.Cluster, second.Code);
        Assert.Contains("is being trained: stop it first", second.Error, StringComparison.Ordinal);
        Ended stopped = await cluster.RunAsync("stop");
        Assert.True(stopped.Code == 0, stopped.Error);
        Assert.Contains("stopped after step", stopped.Output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(world.File("third")), "a refused run leaves its folder behind");
    }

    private static async Task ReadableAsync(World world)
    {
        Ended text = await world.RunAsync("generate", world.Run, "--prompt", "the ", "--tokens", "8");
        Assert.True(text.Code == 0, text.Error);
        Assert.StartsWith("the ", text.Output, StringComparison.Ordinal);
        Ended list = await world.RunAsync("checkpoint", "list", world.Run);
        Assert.Contains("12", list.Output, StringComparison.Ordinal);
        Ended verify = await world.RunAsync("checkpoint", "verify", world.Run);
        Assert.Contains("step 12: sound", verify.Output, StringComparison.Ordinal);
        Assert.Equal(0, (await world.RunAsync("checkpoint", "show", world.Run)).Code);
        Ended bundle = await world.RunAsync("diagnose", world.Run, "--output", world.File("diagnosis.zip"));
        Assert.True(bundle.Code == 0, bundle.Error);
        await using ZipArchive zip = await ZipFile.OpenReadAsync(world.File("diagnosis.zip"), TestContext.Current.CancellationToken);
        Assert.NotEmpty(zip.Entries);
        foreach (ZipArchiveEntry entry in zip.Entries)
        {
            using var reader = new StreamReader(await entry.OpenAsync(TestContext.Current.CancellationToken));
            Assert.DoesNotContain(Secret, await reader.ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }
    }
}
