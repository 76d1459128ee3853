using System.Diagnostics;
using System.Runtime.InteropServices;

namespace MoeActors.Bench.Processes;

/// <summary>A child process whose lines are read as they come. Disposing it kills it, and what it started.</summary>
internal sealed class Child : IDisposable
{
    private int disposed;
    private readonly Process process;
    private readonly List<string> errors = [];

    private Child(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = start.RedirectStandardError = start.RedirectStandardInput = true;
        process = new Process { StartInfo = start };
        process.ErrorDataReceived += (_, e) => Keep(e.Data);
        process.Start();
        process.BeginErrorReadLine();
    }

    public int Pid => process.Id;

    public bool HasExited => process.HasExited;

    /// <summary>What it said last on standard error.</summary>
    public string LastWords
    {
        get
        {
            lock (errors)
            {
                return string.Join(" | ", errors.TakeLast(4));
            }
        }
    }

    /// <summary>The dotnet this process runs on.</summary>
    private static string Dotnet
    {
        get
        {
            string own = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
            return File.Exists(own) ? own : "dotnet";
        }
    }

    /// <summary>Starts a program; the environment is this process's, threads that wait sleep.</summary>
    public static Child Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program);
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        (start.Environment["OMP_WAIT_POLICY"], start.Environment["OMP_DYNAMIC"], start.Environment["MKL_DYNAMIC"]) = ("PASSIVE", "FALSE", "FALSE");
        start.Environment["MALLOC_ARENA_MAX"] = "1";
        foreach ((string key, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[key] = value;
        }

        return new Child(start);
    }

    /// <summary>Starts a .NET program by its dll.</summary>
    public static Child StartDll(string dll, IEnumerable<string> arguments) => Start(Dotnet, arguments.Prepend(dll));

    /// <summary>Starts this program as a worker.</summary>
    public static Child StartWorker(params IEnumerable<string> arguments) => StartDll(typeof(Child).Assembly.Location, arguments.Prepend("worker"));

    /// <summary>All lines of standard output to the end; throws <see cref="BenchException"/> with its last words where it fails.</summary>
    public async Task<IReadOnlyList<string>> LinesAsync(CancellationToken cancel)
    {
        var lines = new List<string>();
        while (await process.StandardOutput.ReadLineAsync(cancel) is { } line)
        {
            lines.Add(line);
        }

        await process.WaitForExitAsync(cancel);
        return process.ExitCode == 0 ? lines : throw new BenchException($"a child ended with exit code {process.ExitCode}: {LastWords}");
    }

    /// <summary>Throws standard output away, so that its pipe never fills.</summary>
    public void DrainOutput()
    {
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
    }

    public int ExitCode => process.ExitCode;

    public Task WaitAsync(CancellationToken cancel) => process.WaitForExitAsync(cancel);

    public void Dispose()
    {
        // A case that failed half-way and its caller may both dispose.
        if (Interlocked.Exchange(ref disposed, 1) != 0)
        {
            return;
        }

        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }

        process.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is not null)
        {
            lock (errors)
            {
                errors.Add(line);
            }
        }
    }
}
