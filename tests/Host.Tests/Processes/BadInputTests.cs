using System.Net;
using System.Net.Sockets;

using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Host.Commands;
using MoeActors.Host.Tests.Compatibility;
using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Host.Tests.Processes;

/// <summary>
/// What cannot work is said in one line that names the thing and the remedy, with its exit code; nothing is left running. What a command refuses before it starts a
/// process is asked of it in this process; what a cluster refuses is in <see cref="RefusedByClusterTests"/>.
/// </summary>
public sealed class BadInputTests : IAsyncLifetime
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
        await File.WriteAllTextAsync(Path.Combine(world.Run, "run.json"), "{}", TestContext.Current.CancellationToken);
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
    public async Task A_port_in_use_is_named()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;
        MoeProcess node = world.Start("node", "--port", $"{port}", "--data-dir", world.Run);
        Refusal.Is(ExitCodes.Resources, [$"127.0.0.1:{port}", "choose another --port"], await node.EndedAsync(), node.Transcript);

        // A node by hand without a secret: this user's own is made for it.
        world.NothingIsLeft("home/.local/state/moe-actors/cluster.secret");
    }

    [Fact]
    public async Task A_second_command_on_the_run_directory_of_another_is_refused()
    {
        FormerBuild.Unpack(world.Folder);
        using RunFolderLock first = RunFolderLock.Take(world.Run, "supervisor.lock");
        await RefusedAsync(ExitCodes.Resources, [world.Run, "another `moe train` or `moe resume` works on this run"], Train());
        await RefusedAsync(ExitCodes.Resources, [world.Run, "another `moe train` or `moe resume` works on this run"], world.Resume());
        world.NothingIsLeft();
    }

    private string[] Train(params (string Flag, string Value)[] flags) =>
        World.TrainWith([("--preset", "tiny"), ("--data", world.Text), ("--run-dir", world.Run), ("--steps", "4"), .. flags]);

    private string[] TrainSet(params string[] settings) => world.Train(4, settings);

    private static async Task RefusedAsync(int code, string[] parts, params string[] arguments)
    {
        StringWriter output = new(), error = new();
        int ended = await CommandLineProgram.RunAsync(arguments, Composition.Build(output, error), output, error, TestContext.Current.CancellationToken);
        Refusal.Is(code, parts, new Ended(ended, $"{output}", $"{error}"), $"{string.Join(' ', arguments)}\n{output}\n--- error\n{error}");
    }

    private static bool Mount(params string[] arguments) => Run("mount", arguments);

    private static bool Run(string program, params string[] arguments)
    {
        using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
