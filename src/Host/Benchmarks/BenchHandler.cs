using System.ComponentModel;
using System.Diagnostics;

using MoeActors.Host.Commands;

namespace MoeActors.Host.Benchmarks;

/// <summary><c>moe bench</c>: the benchmarks are a program of their own, found beside this one or built in the repository, and started as a child.</summary>
internal sealed class BenchHandler(TextWriter error) : IHandler<BenchRequest>
{
    /// <inheritdoc/>
    public async Task<int> RunAsync(BenchRequest request, CancellationToken cancel)
    {
        string program = await BenchProgram.FindAsync(text => error.WriteLine($"moe: {text}"), cancel);
        var start = new ProcessStartInfo(BenchProgram.Dotnet) { UseShellExecute = false };
        foreach (string argument in Arguments(program, request))
        {
            start.ArgumentList.Add(argument);
        }

        try
        {
            using Process child = Process.Start(start)!;

            // A terminal's Ctrl-C reaches the child too: it stops what it started, and ends by itself.
            await child.WaitForExitAsync(CancellationToken.None);
            cancel.ThrowIfCancellationRequested();
            return child.ExitCode;
        }
        catch (Win32Exception e)
        {
            throw new CommandException(ExitCodes.Resources, $"{start.FileName} could not be started: {e.Message}");
        }
    }

    private static IEnumerable<string> Arguments(string program, BenchRequest request)
    {
        yield return program;
        foreach (string name in request.Cases)
        {
            yield return name;
        }

        yield return "--host";
        yield return typeof(BenchHandler).Assembly.Location;
        if (request.Runs is { } runs)
        {
            yield return "--runs";
            yield return runs.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        if (request.MiB is { } mib)
        {
            yield return "--mib";
            yield return mib.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        if (request.Json)
        {
            yield return "--json";
        }
    }
}
