using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using MoeActors.Host.Commands;
using MoeActors.Host.Configuration;
using MoeActors.Host.Http;
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
        await HttpPorts.DemandAsync(settings.Runtime.Http, settings.Run.Nodes + settings.Runtime.Supervision.Spares, cancel);
        using var claim = RunFolderClaim.New(settings.Runtime.RunDirectory ?? RunFolders.Default(settings.Preset, settings.Run.RunId));
        DataNotes.Write(settings.Run.Data.Paths, error);
        RunSpec spec = RunFolders.Create(settings, claim);
        WeightSource.Ensure(spec, claim.Folder, settings.Runtime.ObjectStore);
        return await new LocalRun(output, error).RunAsync(settings, spec, claim.Folder, resume: false, request.Json, cancel);
    }

    private RunOrigin Origin(TrainRequest request, string from)
    {
        RunSpec run = request.Settings.Run;
        RunOrigin origin = WeightSource.Find(
            from, request.FromStep, run.Model, Tokenizers.Open(run.Data.TokenizerPlace).Hash, request.Settings.Runtime.ObjectStore, text => Failures.Note(text, error));
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
        RunSpec recorded = Load(request, folder, out MoeSettings settings);
        if (FinishedRun.Find(settings.Run, folder, settings.Runtime.ObjectStore) is { } report)
        {
            FinishedRun.Tell(output, report, folder, request.Json);
            return ExitCodes.Ok;
        }

        OpenFiles.Demand();
        LibTorchCheck.Verify();
        SharedCheckpoints.DemandFree(folder);
        using var claim = RunFolderClaim.Existing(folder);
        recorded = Load(request, folder, out settings);
        await SharedCheckpoints.DemandUntrainedAsync(folder, cancel);
        await HttpPorts.DemandAsync(settings.Runtime.Http, settings.Run.Nodes + settings.Runtime.Supervision.Spares, cancel);
        RunFolders.Locate(folder, recorded, settings.Run);
        RunSpec spec = LongerRun.Record(recorded, settings.Run, folder, settings.Runtime.ObjectStore, text => Failures.Note(text, error));
        WeightSource.Ensure(spec, folder, settings.Runtime.ObjectStore);
        return await new LocalRun(output, error).RunAsync(settings with { Run = spec }, spec, folder, resume: true, request.Json, cancel);
    }

    private static RunSpec Load(ResumeRequest request, string folder, out MoeSettings settings)
    {
        RunSpec recorded = RunFolders.Read(folder);
        settings = SettingsLoader.LoadForRun(request.Settings with { RunDirectory = folder }, recorded, Path.Combine(folder, RunReports.RecordName));
        return recorded;
    }
}
