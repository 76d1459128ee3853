using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

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

    private static List<string> Arguments(string program, BenchRequest request)
    {
        List<string> arguments = [program, .. request.Cases, "--host", typeof(BenchHandler).Assembly.Location];
        foreach ((string flag, object? value) in (ReadOnlySpan<(string, object?)>)
            [("--runs", request.Runs), ("--mib", request.MiB), ("--preset", request.Preset), ("--steps", request.Steps), ("--interval", request.Interval),
                ("--precision", request.Precision), ("--tokenizer", request.Tokenizer), ("--against", request.Against), ("--kills", request.Kills), ("--picture", request.Picture)])
        {
            if (value is not null)
            {
                arguments.Add(flag);
                arguments.Add(Convert.ToString(value, CultureInfo.InvariantCulture)!);
            }
        }

        arguments.AddRange(request.Quality);
        if (request.Json)
        {
            arguments.Add("--json");
        }

        return arguments;
    }
}
