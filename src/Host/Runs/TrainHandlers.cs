using System.Text.Json;

using MoeActors.Compute.Data;
using MoeActors.Compute.Models;
using MoeActors.Compute.Tensors;
using MoeActors.Host.Commands;
using MoeActors.Host.Configuration;
using MoeActors.Host.Diagnostics;
using MoeActors.Host.Reports;

namespace MoeActors.Host.Runs;

/// <summary><c>moe train</c>.</summary>
internal sealed class TrainHandler(TextWriter output, TextWriter error) : IHandler<TrainRequest>
{
    /// <inheritdoc/>
    public async Task<int> RunAsync(TrainRequest request, CancellationToken cancel)
    {
        OpenFiles.Demand();
        LibTorchCheck.Verify();
        MoeSettings settings = request.From is null ? request.Settings : request.Settings with { Run = request.Settings.Run with { Origin = Origin(request, request.From) } };
        string folder = settings.Runtime.RunDirectory ?? RunFolders.Default(settings.Preset);
        RunSpec spec = RunFolders.Create(settings, folder);
        return await new LocalRun(output, error) { Held = () => WeightSource.Ensure(spec, folder, settings.Runtime.ObjectStore) }
            .RunAsync(settings, spec, folder, resume: false, request.Json, cancel);
    }

    private RunOrigin Origin(TrainRequest request, string from)
    {
        RunSpec run = request.Settings.Run;
        RunOrigin origin = WeightSource.Find(
            from, request.FromStep, run.Model, Tokenizers.Open(run.Data.Tokenizer).Hash, request.Settings.Runtime.ObjectStore, text => error.WriteLine($"moe: {text}"));
        if (!request.Json)
        {
            output.WriteLine(WeightSource.Sentence(origin));
        }

        return origin;
    }
}

/// <summary><c>moe resume</c>.</summary>
internal sealed class ResumeHandler(TextWriter output, TextWriter error) : IHandler<ResumeRequest>
{
    /// <inheritdoc/>
    public async Task<int> RunAsync(ResumeRequest request, CancellationToken cancel)
    {
        string folder = request.RunDirectory;
        RunSpec recorded = RunFolders.Read(folder);
        MoeSettings settings = SettingsLoader.LoadForRun(request.Settings with { RunDirectory = folder }, recorded, Path.Combine(folder, RunReports.RecordName));
        RunSpec spec = LongerRun.Of(recorded, settings.Run, folder, settings.Runtime.ObjectStore);
        if (FinishedRun.Find(spec, folder, settings.Runtime.ObjectStore) is { } report)
        {
            Tell(report, folder, request.Json);
            return ExitCodes.Ok;
        }

        OpenFiles.Demand();
        LibTorchCheck.Verify();
        return await new LocalRun(output, error) { Held = () => Prepare(recorded, spec, folder, settings) }
            .RunAsync(settings with { Run = spec }, spec, folder, resume: true, request.Json, cancel);
    }

    /// <summary>Under the lock: what the record is to say from now on, and the first checkpoint of a run that was ended before it had one.</summary>
    private void Prepare(RunSpec recorded, RunSpec spec, string folder, MoeSettings settings)
    {
        if (spec.Training != recorded.Training)
        {
            RunFolders.Replace(folder, spec with { Nodes = recorded.Nodes });
            error.WriteLine($"moe: {LongerRun.Sentence(spec.Extensions![^1])}");
        }

        WeightSource.Ensure(spec, folder, settings.Runtime.ObjectStore);
    }

    private void Tell(RunReport report, string folder, bool json)
    {
        string path = Path.Combine(folder, ReportWriter.JsonName);
        output.WriteLine(json
            ? JsonSerializer.Serialize(new { type = "ended", outcome = report.Totals.Outcome, report = path, totals = report.Totals }, JsonOutput.Line)
            : $"run {report.Run.Id} is complete: all its {report.Totals.Steps} steps are done; report: {path}; `moe resume {folder} --steps N` makes it longer");
    }
}
