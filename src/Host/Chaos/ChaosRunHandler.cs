using MoeActors.Actors.Faults.Admin;
using MoeActors.Actors.Faults.Campaigns;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using MoeActors.Host.Commands;
using MoeActors.Host.Configuration;
using MoeActors.Host.Http;
using MoeActors.Host.Reports;
using MoeActors.Host.Reports.Html;
using MoeActors.Host.Runs;

namespace MoeActors.Host.Chaos;

/// <summary><c>moe chaos run</c>: the undisturbed run where it is asked for, then the run with the campaign's faults, then both beside each other.</summary>
internal sealed class ChaosRunHandler(TextWriter output, TextWriter error) : IHandler<ChaosRunRequest>
{
    /// <inheritdoc/>
    public async Task<int> RunAsync(ChaosRunRequest request, CancellationToken cancel)
    {
        CampaignFile file = CampaignFile.Read(request.File, request.Settings.WorkingFolder);
        Campaign campaign = request.Seed is { } seed ? file.Faults with { Seed = seed } : file.Faults;
        MoeSettings calm = SettingsLoader.Load(request.Settings with { Overrides = [.. file.Settings, .. request.Settings.Overrides] });
        var shape = new CampaignRun(
            calm.Run.Training.Steps, [.. Enumerable.Range(1, calm.Run.Nodes).Select(n => $"node-{n}")], calm.Run.Layout.Ranks, calm.Run.Model.MoeLayers().Count);
        IReadOnlyList<PlannedFault> faults = CampaignSchedule.Of(campaign, shape);
        if (request.DryRun)
        {
            Show(faults, request.Json);
            return ExitCodes.Ok;
        }

        LibTorchCheck.Verify();
        await HttpPorts.DemandAsync(calm.Runtime.Http, calm.Run.Nodes + calm.Runtime.Supervision.Spares, cancel);
        string folder = request.RunDirectory ?? RunFolders.Default("chaos", RunIds.New());
        RunReport? undisturbed = null;
        if (file.Compares)
        {
            Failures.Note("first the run without faults", error);
            undisturbed = await TrainAsync(calm, Path.Combine(folder, "undisturbed"), request.Json, cancel);
        }

        Failures.Note($"now with {faults.Count} faults, seed {campaign.Seed}", error);
        var more = new List<SettingOverride> { new("faults.enabled", ["on"], "the campaign") };
        if (undisturbed is not null && calm.Run.Data.Paths.Count == 0)
        {
            // The same text, also when the files it is made from are edited meanwhile.
            more.Add(new SettingOverride("data.paths", [Path.Combine(Path.GetFullPath(folder), "undisturbed", RunFolders.CorpusName)], "the campaign"));
        }

        MoeSettings stormy = SettingsLoader.Load(request.Settings with { Overrides = [.. file.Settings, .. request.Settings.Overrides, .. more] });
        string disturbed = Path.Combine(folder, "disturbed");
        Task<RunReport> run = TrainAsync(stormy, disturbed, request.Json, cancel);
        Task<RunReport?>[] copies =
        [
            .. file.Copies.Select((step, n) => new CopiedRun(disturbed, Path.Combine(folder, $"copy-{n + 1}"), error)
                .TrainAsync(step, request.Settings with { Overrides = [.. file.Settings, .. request.Settings.Overrides, .. more] }, run, cancel)),
        ];
        var driver = new CampaignDriver(stormy, disturbed, faults, file.Name);
        await driver.RunAsync(run, CancellationToken.None);
        var result = new CampaignResult(file.Name, campaign.Seed, await run, undisturbed, FaultAudit.Read(disturbed), driver.Refusals) { Copies = await Task.WhenAll(copies) };
        if (request.Json)
        {
            output.WriteLine(result.Json(folder));
        }
        else
        {
            result.Write(output);
        }

        return result.Passed
            ? ExitCodes.Ok
            : throw new CommandException(ExitCodes.FaultNotTaken, $"campaign {file.Name} with seed {campaign.Seed} did not pass; everything is in {folder} (again: moe chaos run {request.File} --seed {campaign.Seed})");
    }

    private async Task<RunReport> TrainAsync(MoeSettings settings, string folder, bool json, CancellationToken cancel)
    {
        // With --json the one object is all that standard output gets.
        // The record says what differs between the two runs: nothing but faults, which are no part of it.
        using var claim = RunFolderClaim.New(folder);
        RunSpec spec = RunFolders.Create(settings, claim);
        await new LocalRun(TextWriter.Null, error) { Progress = json ? error : null }.RunAsync(settings, spec, folder, resume: false, json: false, cancel);
        return ReportWriter.Read(Path.Combine(folder, ReportWriter.JsonName));
    }

    private void Show(IReadOnlyList<PlannedFault> faults, bool json)
    {
        if (json)
        {
            output.WriteLine(System.Text.Json.JsonSerializer.Serialize(faults, JsonOutput.Options));
            return;
        }

        foreach (PlannedFault f in faults)
        {
            string length = f.ForMs > 0 ? $" for={f.ForMs}ms" : "";
            output.WriteLine($"{f.AtStep} {f.Kind} {f.Target}{length}{string.Concat(f.Parameters.Select(p => " " + p))}");
        }
    }
}
