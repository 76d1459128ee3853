using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;

using MoeActors.Compute.Checkpoints.Storage;
using MoeActors.Compute.Checkpoints.Storage.ObjectStores;

namespace MoeActors.Actors.Tests.Checkpointing;

/// <summary>This program as a process that makes checkpoints in a loop, says each step it published, and waits to be killed.</summary>
internal sealed class KilledRun : IDisposable
{
    private const string Mode = "killed-run";
    private readonly Process process;

    /// <summary>Starts one.</summary>
    /// <param name="mode">Index in <see cref="SavingMode.All"/>.</param>
    /// <param name="place">Folder, or the object store's URL.</param>
    /// <param name="scratch">A file for its flight recorder.</param>
    /// <param name="epoch">Names its folders apart from those of the one before.</param>
    public KilledRun(int mode, string place, string scratch, int epoch)
    {
        string program = Environment.ProcessPath!;
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardInput = true };
        if (Path.GetFileNameWithoutExtension(program) == "dotnet")
        {
            start.ArgumentList.Add(typeof(KilledRun).Assembly.Location);
        }

        Array.ForEach([Mode, $"{mode}", place, scratch, $"{epoch}"], start.ArgumentList.Add);
        start.Environment["DOTNET_TieredPGO"] = "0";
        process = Process.Start(start)!;
    }

    /// <summary>The storage at a place.</summary>
    public static ICheckpointStorage Open(string place) => place.StartsWith("http", StringComparison.Ordinal)
        ? ObjectStorage.Open(
            ObjectLocation.Parse("s3://bucket/run")!,
            new ObjectStoreOptions { Endpoint = place, AccessKey = "AKID", SecretKey = "hush", Attempts = 3, RetryPause = TimeSpan.FromMilliseconds(1) }, writes: true)
        : new FolderStorage(place);

    /// <summary>Kills it after it has begun, published so many, and then some time; gives the newest step it said was published.</summary>
    public long Kill(int published, TimeSpan after)
    {
        long newest = -1;
        for (int i = 0; i <= published; i++)
        {
            newest = Read() ?? throw new InvalidOperationException($"it ended by itself after {i} checkpoints");
        }

        // The moment is the point, not a wait for something.
        SpinWait.SpinUntil(() => false, after);
        process.Kill(); // SIGKILL
        while (Read() is { } step)
        {
            newest = step;
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
        if (Environment.GetCommandLineArgs() is [_, Mode, var mode, var place, var scratch, var epoch])
        {
            Run(SavingMode.All[int.Parse(mode, CultureInfo.InvariantCulture)], place, scratch, int.Parse(epoch, CultureInfo.InvariantCulture));
        }
    }

    private static void Run(SavingMode mode, string place, string scratch, int epoch)
    {
        using var run = new SavingRun(mode.Spec(), Open(place), scratch, epoch);
        new Thread(() =>
        {
            Console.In.ReadToEnd(); // its end is the parent's
            Environment.Exit(1);
        })
        { IsBackground = true }.Start();
        Console.Out.WriteLine(run.Newest);
        while (true)
        {
            Console.Out.WriteLine(run.Save());
        }
    }

    private long? Read() => process.StandardOutput.ReadLine() is { } line ? long.Parse(line, CultureInfo.InvariantCulture) : null;
}
