using MoeActors.Actors.Checkpointing;
using MoeActors.Compute.Models;
using MoeActors.Compute.Tensors;
using MoeActors.Host.Commands;
using MoeActors.Host.Diagnostics;

namespace MoeActors.Host.Runs;

/// <summary><c>moe generate</c>.</summary>
internal sealed class GenerateHandler(TextWriter output) : IHandler<GenerateRequest>
{
    /// <inheritdoc/>
    public Task<int> RunAsync(GenerateRequest request, CancellationToken cancel)
    {
        LibTorchCheck.Verify();
        RunSpec spec = RunFolders.Read(request.RunDirectory);
        var text = new System.Text.StringBuilder();
        if (!request.Json)
        {
            output.Write(request.Settings.Runtime.Generation.Prompt);
        }

        using var places = new CheckpointPlaces(request.Settings.Runtime.ObjectStore);
        foreach (string piece in Sampling.Generate(spec, places.OpenToRead(spec, request.RunDirectory), request.Step, request.Settings.Runtime.Generation))
        {
            cancel.ThrowIfCancellationRequested();
            text.Append(piece);
            if (!request.Json)
            {
                output.Write(piece);
                output.Flush();
            }
        }

        output.WriteLine(request.Json
            ? System.Text.Json.JsonSerializer.Serialize(new { prompt = request.Settings.Runtime.Generation.Prompt, text = text.ToString() }, JsonOutput.Options)
            : "");
        return Task.FromResult(ExitCodes.Ok);
    }
}

/// <summary><c>moe diagnose</c>.</summary>
internal sealed class DiagnoseHandler(TextWriter output) : IHandler<DiagnoseRequest>
{
    /// <inheritdoc/>
    public Task<int> RunAsync(DiagnoseRequest request, CancellationToken cancel)
    {
        string file = request.Output ?? request.RunDirectory.TrimEnd('/') + "-diagnosis.zip";
        DiagnosticSummary summary = DiagnosticBundle.Write(request.RunDirectory, file);
        output.WriteLine($"{file}: {summary.Files} files, {summary.Bytes / 1024.0:0.0} KiB, {summary.Redacted} secrets taken out; no text and no weights are in it");
        return Task.FromResult(ExitCodes.Ok);
    }
}
