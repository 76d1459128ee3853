using MoeActors.Compute.Models;
using MoeActors.Compute.Tensors;
using MoeActors.Host.Commands;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Runs;

/// <summary><c>moe train</c>.</summary>
internal sealed class TrainHandler(TextWriter output, TextWriter error) : IHandler<TrainRequest>
{
    /// <inheritdoc/>
    public async Task<int> RunAsync(TrainRequest request, CancellationToken cancel)
    {
        LibTorchCheck.Verify();
        await HttpPorts.DemandAsync(request.Settings.Runtime.Http, request.Settings.Run.Nodes + request.Settings.Runtime.Supervision.Spares, cancel);
        using var claim = RunFolderClaim.New(request.Settings.Runtime.RunDirectory ?? RunFolders.Default(request.Settings.Preset, request.Settings.Run.RunId));
        DataNotes.Write(request.Settings.Run.Data.Paths, error);
        RunSpec spec = RunFolders.Create(request.Settings, claim);
        return await new LocalRun(output, error).RunAsync(request.Settings, spec, claim.Folder, resume: false, request.Json, cancel);
    }
}

/// <summary><c>moe resume</c>.</summary>
internal sealed class ResumeHandler(TextWriter output, TextWriter error) : IHandler<ResumeRequest>
{
    /// <inheritdoc/>
    public async Task<int> RunAsync(ResumeRequest request, CancellationToken cancel)
    {
        LibTorchCheck.Verify();
        SharedCheckpoints.DemandFree(request.RunDirectory);
        using var claim = RunFolderClaim.Existing(request.RunDirectory);
        RunSpec recorded = RunFolders.Read(request.RunDirectory);
        MoeSettings settings = SettingsLoader.LoadForRun(request.Settings with { RunDirectory = request.RunDirectory }, recorded, Path.Combine(request.RunDirectory, RunReports.RecordName));
        await HttpPorts.DemandAsync(settings.Runtime.Http, settings.Run.Nodes + settings.Runtime.Supervision.Spares, cancel);
        RunFolders.Locate(request.RunDirectory, recorded, settings.Run);
        return await new LocalRun(output, error).RunAsync(settings, settings.Run, request.RunDirectory, resume: true, request.Json, cancel);
    }
}
