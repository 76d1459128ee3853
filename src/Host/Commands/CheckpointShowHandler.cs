using System.Text.Json;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Commands;

/// <summary>moe checkpoint show.</summary>
internal sealed class CheckpointShowHandler(TextWriter output) : IHandler<CheckpointRequest>
{
    /// <inheritdoc/>
    public Task<int> RunAsync(CheckpointRequest request, CancellationToken cancel)
    {
        void Say(string text)
        {
            if (!request.Json)
            {
                output.WriteLine(text);
            }
        }

        Manifest manifest = RunFolder.WithStore(request.Run, writes: false, store => ChosenCheckpoint.Of(store, request.Step, Say))
            ?? throw new CommandException(ExitCodes.Checkpoint, $"{request.Run.Directory}: holds no readable checkpoint");
        if (request.Json)
        {
            output.WriteLine(JsonSerializer.Serialize(manifest, JsonOutput.Options));
            return Task.FromResult(ExitCodes.Ok);
        }

        output.WriteLine($"step {manifest.Step}, {manifest.Kind}, epoch {manifest.Epoch}, written {manifest.CreatedAt:yyyy-MM-dd HH:mm:ss}Z");
        output.WriteLine($"run {manifest.Identity.RunId}, model {manifest.Identity.ModelHash}, lineage {manifest.Identity.Lineage}");
        output.WriteLine($"manifest checksum {manifest.Checksum}, {Quantities.Size(manifest.DataBytes)} of tensors in {manifest.Files.Count} files");
        output.WriteLine();
        var slots = new TextTable("slot", "entries", "bytes", "oldest version", "newest version");
        foreach (IGrouping<string, CheckpointEntry> slot in manifest.Entries.GroupBy(e => e.Slot).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            slots.Add(slot.Key, $"{slot.Count()}", Quantities.Size(slot.Sum(e => e.Bytes)), $"{slot.Min(e => e.Version)}", $"{slot.Max(e => e.Version)}");
        }

        slots.Write(output);
        output.WriteLine();
        var tensors = new TextTable("tensor", "shape", "bytes");
        foreach (IGrouping<string, CheckpointEntry> tensor in manifest.Entries.GroupBy(e => e.Tensor))
        {
            tensors.Add(tensor.Key, $"[{string.Join(", ", tensor.First().Shape)}]", Quantities.Size(tensor.Sum(e => e.Bytes)));
        }

        tensors.Write(output);
        return Task.FromResult(ExitCodes.Ok);
    }
}
