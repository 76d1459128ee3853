using System.Text.Json;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Commands;

/// <summary>moe checkpoint export.</summary>
internal sealed class CheckpointExportHandler(TextWriter output, TextWriter error) : IHandler<CheckpointExportRequest>
{
    /// <inheritdoc/>
    public async Task<int> RunAsync(CheckpointExportRequest request, CancellationToken cancel)
    {
        ExportResult result = await Task.Factory.StartNew(
            () => RunFolder.WithStore(request.Run, writes: false, store => Run(request, store, cancel)), cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        output.WriteLine(request.Json
            ? JsonSerializer.Serialize(new { result.Step, result.Slot, Folder = request.Output, result.Files, result.Tensors, result.Bytes }, JsonOutput.Options)
            : $"step {result.Step}, {result.Slot}: {result.Tensors} tensors, {Quantities.Size(result.Bytes)} in {request.Output}: {string.Join(", ", result.Files)}");
        return ExitCodes.Ok;
    }

    private ExportResult Run(CheckpointExportRequest request, CheckpointStore store, CancellationToken cancel)
    {
        Manifest manifest = ChosenCheckpoint.Of(store, request.Step, text => Failures.Line(text, error))
            ?? throw new CommandException(ExitCodes.Checkpoint, $"{request.Run.Directory}: holds no readable checkpoint");
        using var reader = new CheckpointReader(store.Storage, manifest);
        return CheckpointExport.Write(reader, request.Output, request.Slot ?? CheckpointExport.DefaultSlot(manifest), request.MostBytes, cancel);
    }
}
