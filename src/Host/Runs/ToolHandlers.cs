using MoeActors.Actors.Checkpointing;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using MoeActors.Host.Commands;
using MoeActors.Host.Diagnostics;

namespace MoeActors.Host.Runs;

/// <summary><c>moe generate</c>.</summary>
internal sealed class GenerateHandler(TextWriter output, TextWriter error) : IHandler<GenerateRequest>
{
    /// <inheritdoc/>
    public Task<int> RunAsync(GenerateRequest request, CancellationToken cancel)
    {
        LibTorchCheck.Verify();
        RunSpec spec = RunFolders.Read(request.RunDirectory);
        var text = new System.Text.StringBuilder();
        using var places = new CheckpointPlaces(request.Settings.Runtime.ObjectStore);
        using IEnumerator<string> pieces =
            Sampling.Generate(spec, places.OpenToRead(spec, request.RunDirectory), request.Step, request.Settings.Runtime.Generation, text => Failures.Line(text, error)).GetEnumerator();

        // The prompt is shown with the first piece: where there is no such checkpoint, nothing is.
        bool more = pieces.MoveNext();
        if (!request.Json)
        {
            output.Write(request.Settings.Runtime.Generation.Prompt);
        }

        for (; more && !StandardOutput.IsAbandoned(); more = pieces.MoveNext())
        {
            cancel.ThrowIfCancellationRequested();
            text.Append(pieces.Current);
            if (!request.Json)
            {
                output.Write(pieces.Current);
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
        string file = request.Output ?? request.RunDirectory.TrimEnd('/') + "-diagnosis" + DiagnoseRequest.Extension;
        DiagnosticSummary summary = DiagnosticBundle.Write(request.RunDirectory, file);
        output.WriteLine(request.Json
            ? System.Text.Json.JsonSerializer.Serialize(new { file, summary.Files, summary.Bytes, summary.Redacted }, JsonOutput.Options)
            : $"{file}: {summary.Files} files, {summary.Bytes / 1024.0:0.0} KiB, {summary.Redacted} secrets taken out; no text and no weights are in it");
        return Task.FromResult(ExitCodes.Ok);
    }
}
