using System.Diagnostics;
using System.Runtime.InteropServices;

namespace MoeActors.Host.Reports;

/// <summary>What became of a picture.</summary>
/// <param name="Drawn">Whether it was written.</param>
/// <param name="Problem">One line that says why not.</param>
public sealed record PlotOutcome(bool Drawn, string? Problem);

/// <summary>
/// Draws the picture of a run in a child process: the plotting library brings another native SkiaSharp than the tensor library does, so the two do not
/// live in one process. A picture that cannot be drawn is reported in one line and never fails a run.
/// </summary>
public static class PlotRunner
{
    /// <summary>The plotting program beside this one.</summary>
    public static string DefaultProgram => Path.Combine(AppContext.BaseDirectory, "plots", "MoeActors.Plots.dll");

    /// <summary>Draws <paramref name="reportJson"/> into <paramref name="picture"/>, a PNG.</summary>
    /// <param name="reportJson">Path of a report.json.</param>
    /// <param name="picture">Path of the picture; replaced.</param>
    /// <param name="program">The plotting program's dll; <see cref="DefaultProgram"/> by default.</param>
    /// <param name="timeout">After which the child is killed; 60 s by default.</param>
    /// <param name="cancellation">Kills the child and throws.</param>
    public static async Task<PlotOutcome> RunAsync(
        string reportJson, string picture, string? program = null, TimeSpan? timeout = null, CancellationToken cancellation = default)
    {
        program ??= DefaultProgram;
        if (!File.Exists(program))
        {
            return new(false, $"no picture: {program} is missing; build the solution again");
        }

        var start = new ProcessStartInfo(DotnetProgram()) { RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false };
        foreach (string argument in new[] { "exec", program, reportJson, picture })
        {
            start.ArgumentList.Add(argument);
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(timeout ?? TimeSpan.FromSeconds(60));
        try
        {
            using Process child = Process.Start(start)!;
            try
            {
                Task<string> output = child.StandardOutput.ReadToEndAsync(deadline.Token);
                string errors = await child.StandardError.ReadToEndAsync(deadline.Token).ConfigureAwait(false);
                await output.ConfigureAwait(false);
                await child.WaitForExitAsync(deadline.Token).ConfigureAwait(false);
                return child.ExitCode == 0 ? new(true, null) : new(false, $"no picture: {FirstLine(errors, $"the plotting program ended with exit code {child.ExitCode}")}");
            }
            catch (OperationCanceledException)
            {
                child.Kill(entireProcessTree: true);
                throw;
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new(false, $"no picture: drawing took longer than {(timeout ?? TimeSpan.FromSeconds(60)).TotalSeconds:0} s");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return new(false, $"no picture: {start.FileName} could not be started: {e.Message}");
        }
    }

    /// <summary>The dotnet of the runtime this process runs on, wherever it is installed.</summary>
    private static string DotnetProgram()
    {
        string own = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
        return File.Exists(own) ? own : "dotnet";
    }

    private static string FirstLine(string text, string otherwise) =>
        text.Split('\n').Select(l => l.Trim()).FirstOrDefault(l => l.Length > 0) ?? otherwise;
}
