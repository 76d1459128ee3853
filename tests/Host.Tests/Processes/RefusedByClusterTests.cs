using MoeActors.Host.Commands;
using MoeActors.Host.Tests.Compatibility;
using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Host.Tests.Processes;

/// <summary>What the nodes of a cluster refuse is said like all other bad input: in one line that names the thing and the remedy, with its exit code.</summary>
[Trait("Tier", "integration")]
[Collection(ProcessCollection.Name)]
public sealed class RefusedByClusterTests : IAsyncLifetime
{
    private readonly World world = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => world.DisposeAsync();

    [Fact]
    public async Task Where_every_checkpoint_is_truncated_altered_or_of_another_model_it_is_named_and_nothing_is_restored()
    {
        FormerBuild.Unpack(world.Folder);
        string manifest = Directory.EnumerateFiles(Path.Combine(world.Run, "checkpoints"), "*.manifest.json").Single();
        string shard = Directory.EnumerateFiles(Path.Combine(world.Run, "checkpoints"), "*.safetensors", SearchOption.AllDirectories).Order(StringComparer.Ordinal).First();
        byte[] sound = await File.ReadAllBytesAsync(shard, TestContext.Current.CancellationToken);
        void Damage(Func<byte[], byte[]> how) => File.WriteAllBytes(shard, how(sound));

        Damage(bytes => [.. bytes[..^5], (byte)(bytes[^5] ^ 64), .. bytes[^4..]]);
        await RefusedAsync(ExitCodes.Checkpoint, [Path.GetFileName(shard), "altered", "no checkpoint"], world.Resume());
        Damage(bytes => bytes[..^100]);
        await RefusedAsync(ExitCodes.Checkpoint, [Path.GetFileName(shard), "truncated", "no checkpoint"], world.Resume());
        Damage(bytes => bytes);

        string record = Path.Combine(world.Run, "run.json");
        string text = await File.ReadAllTextAsync(record, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(record, text.Replace("\"hidden\": 64", "\"hidden\": 128", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        await RefusedAsync(ExitCodes.Checkpoint, [Path.GetFileName(manifest), "model"], world.Resume());
        world.NothingIsLeft();
    }

    [Fact]
    public async Task A_node_that_is_not_there_and_a_peer_with_another_secret_are_named()
    {
        MoeProcess node = world.Start("node", "--data-dir", world.Run, "--set", Secret("hush-11-hush-11-hush"), "--set", "node.name=first");
        string address = HandMadeCluster.AddressIn(await node.SaysAsync("\"listening\""));
        await RefusedAsync(
            ExitCodes.Cluster, [address, "has another secret", "cluster.secret"],
            "node", "--join", address, "--data-dir", world.Run, "--set", Secret("other-11-other-11"), "--set", "node.name=second");
        await RefusedAsync(ExitCodes.Cluster, [address, "has another secret"], "run", "status", "--cluster", address, "--set", Secret("other-11-other-11"));
        node.Signal(NativeProcess.Interrupt);
        Assert.Equal(ExitCodes.Interrupted, (await node.EndedAsync()).Code);
        await RefusedAsync(ExitCodes.Cluster, [address], "run", "status", "--cluster", address, "--set", Secret("hush-11-hush-11-hush"));
        world.NothingIsLeft();
    }

    [Fact]
    public async Task Two_commands_on_one_run_directory_the_second_is_refused()
    {
        MoeProcess first = world.Start(world.Train(100_000));
        await first.SaysAsync(l => ResumeTests.StepOf(l) >= 1, "a step");
        await RefusedAsync(ExitCodes.Resources, [world.Run, "another `moe train` or `moe resume` works on this run"], world.Train(4));
        await RefusedAsync(ExitCodes.Resources, [world.Run, "another `moe train` or `moe resume` works on this run"], world.Resume());
        first.Signal(NativeProcess.Terminate);
        Assert.Equal(ExitCodes.Terminated, (await first.EndedAsync()).Code);
        world.NothingIsLeft();
    }

    private async Task RefusedAsync(int code, string[] parts, params string[] arguments)
    {
        MoeProcess process = world.Start(arguments);
        Refusal.Is(code, parts, await process.EndedAsync(), process.Transcript);
    }

    /// <summary>The setting of a secret in a file: on the command line it would be warned about.</summary>
    private string Secret(string secret)
    {
        string file = Path.Combine(world.Run, $"{secret}.secret");
        Directory.CreateDirectory(world.Run);
        File.WriteAllText(file, secret);
        return $"cluster.secret-file={file}";
    }
}
