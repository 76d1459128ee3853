using System.Diagnostics;
using System.Runtime.CompilerServices;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Retention;
using MoeActors.Compute.Checkpoints.Storage;

namespace MoeActors.Compute.Tests.Checkpoints;

/// <summary>This program as a process that writes, publishes and retains checkpoints in a loop, says each step it published, and waits to be killed.</summary>
internal sealed class KilledWriter : IDisposable
{
    private const string Mode = "killed-writer";
    private readonly Process process;

    /// <summary>Starts one on <paramref name="root"/>; <paramref name="attempt"/> names its folders apart from those of the one before.</summary>
    public KilledWriter(string root, int attempt)
    {
        string program = Environment.ProcessPath!;
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardInput = true };
        if (Path.GetFileNameWithoutExtension(program) == "dotnet")
        {
            start.ArgumentList.Add(typeof(KilledWriter).Assembly.Location);
        }

        Array.ForEach([Mode, root, $"{attempt}"], start.ArgumentList.Add);
        start.Environment["DOTNET_TieredPGO"] = "0";
        process = Process.Start(start)!;
    }

    /// <summary>Kills it after it has published so many and then some time; gives the newest step it said was published.</summary>
    public long Kill(int published, TimeSpan after)
    {
        long newest = -1;
        for (int i = 0; i < published; i++)
        {
            newest = long.Parse(process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"it ended by itself after {i} checkpoints"));
        }

        // The moment is the point, not a wait for something.
        SpinWait.SpinUntil(() => false, after);
        process.Kill(); // SIGKILL
        while (process.StandardOutput.ReadLine() is { } line)
        {
            newest = long.Parse(line);
        }

        process.WaitForExit();
        return newest;
    }

    public void Dispose()
    {
        if (!process.HasExited)
        {
            process.Kill();
        }

        process.Dispose();
    }

    // Before the test program's own entry point, which knows nothing of this mode.
    [ModuleInitializer]
    internal static void Enter()
    {
        if (Environment.GetCommandLineArgs() is [_, Mode, var root, var attempt])
        {
            Run(root, int.Parse(attempt));
        }
    }

    private static void Run(string root, int attempt)
    {
        using var state = new SpareState();
        var store = new CheckpointStore(root);
        new Thread(() =>
        {
            Console.In.ReadToEnd(); // its end is the parent's
            Environment.Exit(1);
        })
        { IsBackground = true }.Start();
        for (long step = (store.Newest()?.Step ?? 0) + 1; ; step++)
        {
            state.Publish(root, step, PosixFiles.Instance, attempt);
            Console.Out.WriteLine(step);
            store.Retain(new RetentionRequest(new RetentionPolicy(2), 0));
        }
    }
}
