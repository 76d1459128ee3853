using System.Text.Json;

using MoeActors.Actors.Checkpointing;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Storage.ObjectStores;
using MoeActors.Compute.Specs;
using MoeActors.Host.Commands;
using MoeActors.Host.Reports;
using MoeActors.Host.Reports.Html;

namespace MoeActors.Host.Runs;

/// <summary>A run of which nothing is left to do: all its steps are in a checkpoint, and its report says that it was completed.</summary>
internal static class FinishedRun
{
    /// <summary>The report of a finished run; null where something is left to do, or where it cannot be told.</summary>
    /// <param name="spec">The run's record.</param>
    /// <param name="folder">Its folder.</param>
    /// <param name="objectStore">How its object store is reached, where its checkpoints lie in one.</param>
    public static RunReport? Find(RunSpec spec, string folder, ObjectStoreOptions objectStore)
    {
        string path = Path.Combine(folder, ReportWriter.JsonName);
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            RunReport report = ReportWriter.Read(path);
            if (report.Totals.Outcome != "completed" || report.Run.Id != spec.RunId || RecordedSteps(report) != spec.Training.Steps)
            {
                return null;
            }

            using var places = new CheckpointPlaces(objectStore);
            CheckpointStore store = places.OpenToRead(spec, folder);
            Manifest? newest = store.Newest();
            return newest is not null && newest.Step >= spec.Training.Steps && RunIdentity.Of(spec).Difference(newest.Identity) is null && store.HasFiles(newest) ? report : null;
        }
        catch (Exception e) when (e is ReportException or CheckpointException or IOException or UnauthorizedAccessException)
        {
            // Going on with it says what is wrong, and mends what can be.
            return null;
        }
    }

    /// <summary>Says that nothing is left to do.</summary>
    public static void Tell(TextWriter output, RunReport report, string folder, bool json)
    {
        string path = Path.Combine(folder, ReportWriter.JsonName);
        output.WriteLine(json
            ? JsonSerializer.Serialize(new { type = "ended", outcome = report.Totals.Outcome, report = path, totals = report.Totals }, JsonOutput.Line)
            : $"run {report.Run.Id} is complete: all its {report.Totals.Steps} steps are done; report: {path}; `moe resume {folder} --steps N` makes it longer");
    }

    /// <summary>Steps that the run had when its report was written: it may have been given more since.</summary>
    private static int RecordedSteps(RunReport report) => RunSpec.FromJson(report.Run.Config.GetRawText(), ReportWriter.JsonName).Training.Steps;
}
