using System.Text.Json;
using MoeActors.Compute.Checkpoints;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Commands;

/// <summary>moe checkpoint diff.</summary>
internal sealed class CheckpointDiffHandler(TextWriter output) : IHandler<CheckpointDiffRequest>
{
    /// <inheritdoc/>
    public Task<int> RunAsync(CheckpointDiffRequest request, CancellationToken cancel)
    {
        CheckpointDiff diff = RunFolder.WithStore(request.Run, writes: false, store => CheckpointDiff.Between(store.Open(request.From), store.Open(request.To)));
        if (request.Json)
        {
            output.WriteLine(JsonSerializer.Serialize(diff, JsonOutput.Options));
            return Task.FromResult(ExitCodes.Ok);
        }

        output.WriteLine($"step {diff.From} to step {diff.To}: {Count(EntryChange.Changed)} entries changed, {Count(EntryChange.Version)} under another version with the same bytes, "
            + $"{Count(EntryChange.Added)} added, {Count(EntryChange.Removed)} removed, {diff.Same} the same");
        output.WriteLine($"stored bytes: {Quantities.Size(diff.AddedBytes)} came, {Quantities.Size(diff.RemovedBytes)} went");
        output.WriteLine();
        var table = new TextTable("part", "version", "entries that differ", "came", "went");
        foreach (UnitDifference u in diff.Units)
        {
            table.Add(Name(u), $"{u.From?.ToString() ?? "-"} -> {u.To?.ToString() ?? "-"}", $"{u.Entries}", Quantities.Size(u.AddedBytes), Quantities.Size(u.RemovedBytes));
        }

        table.Write(output);
        return Task.FromResult(ExitCodes.Ok);

        int Count(EntryChange change) => diff.Entries.Count(e => e.Change == change);
    }

    private static string Name(UnitDifference unit) => unit switch
    {
        { Expert: >= 0 } => $"layer {unit.Layer} expert {unit.Expert}",
        { Layer: >= 0 } => $"layer {unit.Layer} dense",
        _ => "embedding, head, norm",
    };
}
