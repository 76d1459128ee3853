using System.Diagnostics;
using System.Runtime.InteropServices;

using MoeActors.Host.Commands;
using MoeActors.Host.Runs;

namespace MoeActors.Host.Benchmarks;

/// <summary>Finds the benchmarks' program, and builds it where it is missing or older than its sources.</summary>
internal static class BenchProgram
{
    private const string Name = "MoeActors.Bench.dll";

    /// <summary>The dotnet of the runtime this process runs on, wherever it is installed.</summary>
    public static string Dotnet
    {
        get
        {
            string own = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
            return File.Exists(own) ? own : "dotnet";
        }
    }

    /// <summary>Path of the program's dll.</summary>
    /// <param name="say">Told when it builds.</param>
    /// <param name="cancel">Ends a build.</param>
    public static async Task<string> FindAsync(Action<string> say, CancellationToken cancel)
    {
        string beside = Path.Combine(AppContext.BaseDirectory, "bench", Name);
        if (File.Exists(beside))
        {
            return beside;
        }

        string root = ProjectFolder.Find(), folder = Path.Combine(root, "bench");
        if (!Directory.Exists(folder))
        {
            throw new CommandException(ExitCodes.Resources, $"{folder}: the benchmarks are not here; run `./moe bench` in a clone of the repository");
        }

        string program = Path.Combine(folder, "bin", "Release", "net10.0", "linux-x64", Name);
        if (!File.Exists(program) || IsOlder(program, root))
        {
            say("building the benchmarks");
            await BuildAsync(root, cancel);
        }

        return program;
    }

    // Built against the same sources as this program, or the two would not speak to each other.
    private static bool IsOlder(string program, string root)
    {
        DateTime built = File.GetLastWriteTimeUtc(program);
        return Sources(Path.Combine(root, "bench")).Concat(Sources(Path.Combine(root, "src", "Actors"))).Concat(Sources(Path.Combine(root, "src", "Compute")))
            .Any(f => File.GetLastWriteTimeUtc(f) > built);
    }

    private static IEnumerable<string> Sources(string folder) =>
        Directory.EnumerateFiles(folder, "*.cs*", SearchOption.AllDirectories)
            .Where(f => !f.Contains("/obj/", StringComparison.Ordinal) && !f.Contains("/bin/", StringComparison.Ordinal));

    private static async Task BuildAsync(string root, CancellationToken cancel)
    {
        var start = new ProcessStartInfo(Dotnet) { WorkingDirectory = root, RedirectStandardOutput = true, UseShellExecute = false };
        foreach (string argument in (string[])["build", "bench", "-c", "Release", "-v", "q", "-nologo", "-nodeReuse:false", "-p:UseSharedCompilation=false"])
        {
            start.ArgumentList.Add(argument);
        }

        using Process build = Process.Start(start)!;
        string output = await build.StandardOutput.ReadToEndAsync(cancel);
        await build.WaitForExitAsync(cancel);
        if (build.ExitCode != 0)
        {
            string first = output.Split('\n').FirstOrDefault(l => l.Contains("error", StringComparison.Ordinal))?.Trim() ?? "no reason given";
            throw new CommandException(ExitCodes.Resources, $"the benchmarks could not be built: {first}");
        }
    }
}
