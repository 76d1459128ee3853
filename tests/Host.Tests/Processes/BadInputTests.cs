using System.Net;
using System.Net.Sockets;

using MoeActors.Host.Commands;
using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Host.Tests.Processes;

/// <summary>What cannot work is said in one line that names the thing and the remedy, with its exit code; nothing is left running.</summary>
[Collection(ProcessCollection.Name)]
public sealed class BadInputTests(UndisturbedRun undisturbed) : IAsyncLifetime
{
    private readonly World world = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => world.DisposeAsync();

    [Fact]
    public async Task Data_that_is_missing_empty_or_too_short_is_named()
    {
        string empty = world.File("empty.txt"), brief = world.File("brief.txt");
        await File.WriteAllTextAsync(empty, "", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(brief, "a few words", TestContext.Current.CancellationToken);
        await RefusedAsync(ExitCodes.Data, ["none.txt", "no such file or folder"], Train(("--data", "none.txt")));
        await RefusedAsync(ExitCodes.Data, ["empty.txt", "is empty"], Train(("--data", empty)));
        await RefusedAsync(ExitCodes.Data, ["brief.txt", "model.context + 1 = 33"], Train(("--data", brief)));
        world.NothingIsLeft("empty.txt", "brief.txt");
    }

    [Fact]
    public async Task Settings_that_cannot_be_are_named_as_in_the_configuration_s_own_tests()
    {
        await RefusedAsync(ExitCodes.Configuration, ["unknown preset tinny", "did you mean tiny"], Train(("--preset", "tinny")));
        await RefusedAsync(ExitCodes.Configuration, ["layout.expert-parallel = 4", "model.moe.experts = 3"], TrainSet("model.moe.experts=3"));
        world.NothingIsLeft();
    }

    [Fact]
    public async Task A_run_directory_that_cannot_be_written_or_holds_a_run_is_named()
    {
        string file = world.File("file");
        await File.WriteAllTextAsync(file, "no folder", TestContext.Current.CancellationToken);
        await RefusedAsync(ExitCodes.Resources, [file, "choose another --run-dir"], Train(("--run-dir", file)));
        await RefusedAsync(ExitCodes.Resources, ["cannot be written", "choose another --run-dir"], Train(("--run-dir", "/proc/moe-run")));
        Directory.CreateDirectory(world.Run);
        File.Copy(Path.Combine(undisturbed.World.Run, "run.json"), Path.Combine(world.Run, "run.json"));
        await RefusedAsync(ExitCodes.Configuration, [world.Run, "holds a run already", "moe resume"], Train());
        world.NothingIsLeft("file");
    }

    [Fact]
    public async Task A_disk_without_room_for_the_checkpoints_is_named_before_the_start()
    {
        string disk = world.File("disk");
        Directory.CreateDirectory(disk);
        Assert.SkipUnless(Environment.IsPrivilegedProcess && Mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", disk), "a small disk can be mounted by root only");
        try
        {
            await RefusedAsync(ExitCodes.Resources, [disk, "GB are free", "checkpoint.keep"], Train(("--run-dir", Path.Combine(disk, "run"))));
            Assert.False(File.Exists(Path.Combine(disk, "run", "run.json")));
        }
        finally
        {
            Run("umount", disk);
        }

        world.NothingIsLeft();
    }

    [Fact]
    public async Task Where_every_checkpoint_is_truncated_altered_or_of_another_model_it_is_named_and_nothing_is_restored()
    {
        Copy(undisturbed.World.Run, world.Run);
        string manifest = Directory.EnumerateFiles(Path.Combine(world.Run, "checkpoints"), "*36*", SearchOption.TopDirectoryOnly).First(File.Exists);
        string shard = Directory.EnumerateFiles(Path.Combine(world.Run, "checkpoints"), "*.safetensors", SearchOption.AllDirectories).First(f => f.Contains("36", StringComparison.Ordinal));
        string[] others = [.. Directory.EnumerateFiles(Path.Combine(world.Run, "checkpoints"), Path.GetFileName(shard), SearchOption.AllDirectories)];
        Dictionary<string, byte[]> sound = others.ToDictionary(f => f, File.ReadAllBytes);
        void Damage(Func<byte[], byte[]> how)
        {
            foreach ((string file, byte[] bytes) in sound)
            {
                File.WriteAllBytes(file, how(bytes));
            }
        }

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
    public async Task A_port_in_use_a_node_that_is_not_there_and_a_peer_with_another_secret_are_named()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;
        await RefusedAsync(ExitCodes.Resources, [$"127.0.0.1:{port}", "choose another --port"], "node", "--port", $"{port}", "--data-dir", world.Run);

        MoeProcess node = world.Start("node", "--data-dir", world.Run, "--set", "cluster.secret=hush-11-hush-11-hush", "--set", "node.name=first");
        string address = HandMadeCluster.AddressIn(await node.SaysAsync("\"listening\""));
        await RefusedAsync(
            ExitCodes.Cluster, [address, "has another secret", "cluster.secret"],
            "node", "--join", address, "--data-dir", world.Run, "--set", "cluster.secret=other-11-other-11", "--set", "node.name=second");
        await RefusedAsync(ExitCodes.Cluster, [address, "has another secret"], "run", "status", "--cluster", address, "--set", "cluster.secret=other-11-other-11");
        node.Signal(NativeProcess.Interrupt);
        Assert.Equal(ExitCodes.Interrupted, (await node.EndedAsync()).Code);
        await RefusedAsync(ExitCodes.Cluster, [address], "run", "status", "--cluster", address, "--set", "cluster.secret=hush-11-hush-11-hush");
        world.NothingIsLeft();
    }

    [Fact]
    public async Task Two_commands_on_one_run_directory_the_second_is_refused()
    {
        MoeProcess first = world.Start(world.Train(100_000));
        await first.SaysAsync(l => ResumeTests.StepOf(l) >= 1, "a step");
        await RefusedAsync(ExitCodes.Configuration, [world.Run, "holds a run already"], Train());
        await RefusedAsync(ExitCodes.Resources, [world.Run, "another `moe train` or `moe resume` works on this run"], world.Resume());
        first.Signal(NativeProcess.Terminate);
        Assert.Equal(ExitCodes.Terminated, (await first.EndedAsync()).Code);
        world.NothingIsLeft();
    }

    private string[] Train(params (string Flag, string Value)[] flags) =>
        World.TrainWith([("--preset", "tiny"), ("--data", world.Text), ("--run-dir", world.Run), ("--steps", "4"), .. flags]);

    private string[] TrainSet(params string[] settings) => world.Train(4, settings);

    private async Task RefusedAsync(int code, string[] parts, params string[] arguments)
    {
        MoeProcess process = world.Start(arguments);
        Ended ended = await process.EndedAsync();
        Assert.True(ended.Code == code, $"expected exit code {code}, it was {ended.Code}\n{process.Transcript}");
        string line = ended.Error.TrimEnd();
        Assert.DoesNotContain('\n', line);
        Assert.StartsWith("moe: ", line, StringComparison.Ordinal);
        Assert.All(parts, part => Assert.Contains(part, line, StringComparison.Ordinal));
    }

    private static void Copy(string from, string to)
    {
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    private static bool Mount(params string[] arguments) => Run("mount", arguments);

    private static bool Run(string program, params string[] arguments)
    {
        using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
