using System.Text.Json;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Retention;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Commands;

/// <summary>moe checkpoint list.</summary>
internal sealed class CheckpointListHandler(TextWriter output) : IHandler<CheckpointRequest>
{
    /// <inheritdoc/>
    public Task<int> RunAsync(CheckpointRequest request, CancellationToken cancel)
    {
        CheckpointListing listing = RunFolder.WithStore(request.Run, writes: false, s => s.List());
        if (request.Json)
        {
            var valid = listing.Valid.Select(m => new { m.Step, m.Kind, m.Epoch, m.CreatedAt, m.DataBytes, Files = m.Files.Count });
            output.WriteLine(JsonSerializer.Serialize(new { Valid = valid, listing.Broken }, JsonOutput.Options));
        }
        else if (listing.Valid.Count + listing.Broken.Count == 0)
        {
            output.WriteLine($"no checkpoints in {request.Run.Directory}");
        }
        else
        {
            var table = new TextTable("step", "kind", "epoch", "bytes", "files", "written");
            foreach (Manifest m in listing.Valid)
            {
                table.Add($"{m.Step}", m.Kind, $"{m.Epoch}", Quantities.Size(m.DataBytes), $"{m.Files.Count}", $"{m.CreatedAt:yyyy-MM-dd HH:mm:ss}Z");
            }

            table.Write(output);
        }

        foreach (BrokenManifest broken in listing.Broken.Where(_ => !request.Json))
        {
            output.WriteLine($"{broken.File}: {(broken.NewerSchema ? "of a newer build" : "broken")}: {broken.Reason}");
        }

        return Task.FromResult(listing.Broken.Count == 0 ? ExitCodes.Ok : ExitCodes.Checkpoint);
    }
}
