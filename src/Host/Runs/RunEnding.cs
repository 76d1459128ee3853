using System.Text.Json;

using MoeActors.Actors.Checkpointing;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;
using MoeActors.Host.Commands;
using MoeActors.Host.Configuration;
using MoeActors.Host.Progress;
using MoeActors.Host.Reports;
using MoeActors.Host.Reports.Html;

namespace MoeActors.Host.Runs;

/// <summary>
/// What is left to do when a run has ended: a sample of text, report, picture, summary. How the run ended is decided before: whatever of this cannot be done is said in one line each, and
/// the rest is done.
/// </summary>
/// <param name="output">Where the summary goes.</param>
/// <param name="error">Where it is said what could not be done.</param>
/// <param name="unshown">Told when the summary cannot be written.</param>
internal sealed class RunEnding(TextWriter output, TextWriter error, Unshown unshown)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Does it; returns the path of report.json, null where it could not be written.</summary>
    /// <param name="settings">How the command was set.</param>
    /// <param name="spec">The run.</param>
    /// <param name="folder">Its folder.</param>
    /// <param name="outcome">How it ended.</param>
    /// <param name="json">Whether the summary is a JSON object.</param>
    /// <param name="cancel">Cuts the sample short.</param>
    public async Task<string?> ShowAsync(MoeSettings settings, RunSpec spec, string folder, string outcome, bool json, CancellationToken cancel)
    {
        using var places = new CheckpointPlaces(settings.Runtime.ObjectStore);
        GeneratedSample? sample = outcome == "completed" ? Try("no sample of text", () => Sample(settings.Runtime.Generation, spec, places.OpenToRead(spec, folder), cancel)) : null;
        RunReport? report = Try("no report", () => Report(spec, folder, outcome, places, sample));
        string? path = report is null ? null : Try("no report", () => ReportWriter.Write(report, folder));
        if (path is not null && settings.Runtime.Reports.Picture)
        {
            PlotOutcome plot = await PlotRunner.RunAsync(path, Path.Combine(folder, ReportWriter.PictureName), cancellation: CancellationToken.None);
            if (!plot.Drawn)
            {
                Failures.Note(plot.Problem!, error);
            }
        }

        if (report is not null)
        {
            // A reader that does not read is not waited for: the run has ended, and its report is written.
            Task shown = Task.Run(() => Show(report, outcome, path, sample, json), CancellationToken.None);
            if (await Task.WhenAny(shown, Task.Delay(Patience, CancellationToken.None)) != shown)
            {
                unshown.Say(new IOException("nobody reads it"));
            }
        }

        return path;
    }

    private GeneratedSample Sample(GenerationSettings how, RunSpec spec, CheckpointStore store, CancellationToken cancel) =>
        new(how.Prompt, string.Concat(Sampling.Generate(spec, store, null, how, text => Failures.Line(text, error)).TakeWhile(_ => !cancel.IsCancellationRequested)));

    private RunReport Report(RunSpec spec, string folder, string outcome, CheckpointPlaces places, GeneratedSample? sample)
    {
        Manifest? newest = Try("the newest checkpoint cannot be read, so that the report counts from the logs alone", () => places.OpenToRead(spec, folder).Newest());
        SampleLedger? ledger = newest is null ? null : Try("the newest checkpoint's ledger cannot be read, so that the report counts from the logs alone", () => CheckpointFacts.Of(spec, newest).Ledger);
        RunReport report = RunReports.Build(folder, spec, outcome, ledger, sample);
        return newest is not null && report.StateHashes?.Any(m => m.Step == newest.Step) != true && newest.DataBytes <= Publisher.HashLimit
            && Try("the newest checkpoint's hashes cannot be computed", () => Publisher.HashesOf(places.OpenToRead(spec, folder), newest)) is ({ } weights, { } state)
                ? report with { Totals = report.Totals with { WeightsHash = weights, StateHash = state } }
                : report;
    }

    private void Show(RunReport report, string outcome, string? path, GeneratedSample? sample, bool json)
    {
        try
        {
            if (json)
            {
                output.WriteLine(JsonSerializer.Serialize(new { type = "ended", outcome, report = path, totals = report.Totals }, JsonOutput.Line));
            }
            else
            {
                Summary.Write(output, report, path, sample);
            }

            output.Flush();
        }
        catch (Exception e)
        {
            unshown.Say(e);
        }
    }

    private T? Try<T>(string without, Func<T?> make)
        where T : class
    {
        try
        {
            return make();
        }
        catch (Exception e)
        {
            Failures.Note($"{without}: {e.Message}", error);
            return null;
        }
    }
}
