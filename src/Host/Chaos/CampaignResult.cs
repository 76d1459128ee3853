using System.Text.Json;

using MoeActors.Actors.Protocol;
using MoeActors.Host.Commands;
using MoeActors.Host.Reports;

namespace MoeActors.Host.Chaos;

/// <summary>How a campaign ended.</summary>
/// <param name="Name">Campaign.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Report">Report of the disturbed run.</param>
/// <param name="Undisturbed">Report of the run without faults; null where nothing is compared.</param>
/// <param name="Faults">What became of each fault.</param>
/// <param name="Refusals">Faults that were never accepted.</param>
internal sealed record CampaignResult(string Name, long Seed, RunReport Report, RunReport? Undisturbed, IReadOnlyList<FaultLine> Faults, IReadOnlyList<string> Refusals)
{
    /// <summary>Reports of the copies that were resumed beside the run; null for one that the run's end forestalled.</summary>
    public IReadOnlyList<RunReport?> Copies { get; init; } = [];

    /// <summary>Copies that were not made, or did not end in the run's state.</summary>
    public int CopiesWrong => Copies.Count(c => c is null || c.Totals.Outcome != "completed" || c.Totals.WeightsHash != Report.Totals.WeightsHash || c.Totals.StateHash != Report.Totals.StateHash);

    /// <summary>Faults that did not take.</summary>
    public int NotTaken => Refusals.Count + Faults.Count(f => f.State is not ("over" or "observed"));

    /// <summary>Whether weights and state are those of the undisturbed run; null where nothing is compared.</summary>
    public bool? Same => Undisturbed is null
        ? null
        : Report.Totals.WeightsHash == Undisturbed.Totals.WeightsHash && Report.Totals.StateHash == Undisturbed.Totals.StateHash && Report.Totals.WeightsHash is { Length: > 0 };

    /// <summary>DA-1: samples lost or repeated.</summary>
    public long SamplesWrong => Report.Samples.Lost + Report.Samples.Repeated;

    /// <summary>Whether every fault took and nothing of them is left in the result.</summary>
    public bool Passed => Report.Totals.Outcome == "completed" && NotTaken == 0 && Same != false && SamplesWrong == 0 && CopiesWrong == 0;

    /// <summary>Writes tables and verdict.</summary>
    public void Write(TextWriter output)
    {
        var faults = new TextTable("fault", "kind", "target", "step", "state", "observer", "seen after s");
        foreach (FaultLine f in Faults)
        {
            faults.Add(f.Id, f.Kind, f.Target, $"{f.AtStep}", f.State, f.Observer, $"{f.TookMs / 1000:0.00}");
        }

        faults.Write(output);
        foreach (FaultLine f in Faults.Where(f => f.State is not ("over" or "observed")))
        {
            output.WriteLine($"{f.Id}: {f.State}: {f.Outcome}");
        }

        foreach (string refusal in Refusals)
        {
            output.WriteLine($"refused: {refusal}");
        }

        output.WriteLine();
        var recoveries = new TextTable("recovery of", "step", "decided ms", "fetched", "restored", "rejoined", "first step", "steps again", "rung");
        foreach (FaultRecord f in Report.Faults)
        {
            recoveries.Add(f.Target, $"{f.AtStep}", Ms(f.DecidedMs), Ms(f.FetchedMs), Ms(f.RestoredMs), Ms(f.RejoinedMs), Ms(f.FirstStepMs), $"{f.LostSteps}", f.Rung ?? "");
        }

        recoveries.Write(output);
        output.WriteLine();
        output.WriteLine(
            $"{Report.Totals.Outcome} after {Report.Totals.Steps} steps; {Faults.Count + Refusals.Count} faults, {NotTaken} did not take; samples lost or repeated: {SamplesWrong}; ETTR {Report.Totals.Ettr:0.000}");
        if (Copies.Count > 0)
        {
            output.WriteLine($"{Copies.Count} {(Copies.Count == 1 ? "copy was" : "copies were")} resumed beside it; {CopiesWrong} did not end in its state");
        }

        output.WriteLine(Same switch
        {
            true => $"weights and state are those of the undisturbed run ({Report.Totals.WeightsHash})",
            false => $"weights or state DIFFER from the undisturbed run: {Report.Totals.WeightsHash} and {Report.Totals.StateHash}, expected {Undisturbed!.Totals.WeightsHash} and {Undisturbed.Totals.StateHash}",
            null => $"weights {Report.Totals.WeightsHash}; not compared",
        });
    }

    /// <summary>As one JSON object.</summary>
    public string Json(string folder) => JsonSerializer.Serialize(
        new { campaign = Name, seed = Seed, folder, passed = Passed, same = Same, outcome = Report.Totals.Outcome, notTaken = NotTaken, copies = Copies.Count, copiesWrong = CopiesWrong, faults = Faults, refusals = Refusals, recoveries = Report.Faults, totals = Report.Totals },
        JsonOutput.Options);

    private static string Ms(double? ms) => ms is { } value ? $"{value:0}" : "";
}
