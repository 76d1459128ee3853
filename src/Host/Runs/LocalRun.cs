using System.Security.Cryptography;

using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Models;
using MoeActors.Host.Commands;
using MoeActors.Host.Configuration;
using MoeActors.Host.Diagnostics;
using MoeActors.Host.Progress;
using MoeActors.Host.Reports;

namespace MoeActors.Host.Runs;

/// <summary>A run on a local cluster from start to report: what `moe train` and `moe resume` share.</summary>
internal sealed class LocalRun(TextWriter output, TextWriter error)
{
    /// <summary>Where plain progress goes; null: to standard output, live on a terminal.</summary>
    public TextWriter? Progress { get; init; }

    /// <summary>Runs to the end, or to an orderly stop when cancelled; returns the exit code. The caller has claimed the folder (<see cref="RunFolderClaim"/>).</summary>
    public async Task<int> RunAsync(MoeSettings settings, RunSpec spec, string folder, bool resume, bool json, CancellationToken cancel)
    {
        string secret = settings.Runtime.Cluster.Secret ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        string config = NodeConfig.Write(settings, folder, secret);
        SweepFlights(folder);
        RunStatus ended;
        using (ProgressView view = ProgressView.Create(new ProgressOptions
        {
            Json = json,
            EverySteps = settings.Runtime.Reports.LineEvery,
            Interval = settings.Runtime.Reports.ProgressInterval,
            Output = json ? output : Progress,
        }))
        {
            view.Event(ProgressEventKind.Info, $"{spec.Model.Name}: {ParameterCounts.Of(spec.Model).Total / 1e6:0.00} M parameters, {spec.Layout.Ranks} logical ranks on {spec.Nodes} nodes{Spares(settings.Runtime.Supervision.Spares)}; run directory {folder}");
            await using LocalCluster cluster = await LocalCluster.StartAsync(
                settings.Runtime.Supervision, config, spec.Nodes + settings.Runtime.Supervision.Spares, text => view.Event(ProgressEventKind.Membership, text));
            await using var client = new ClusterClient(settings.Runtime.Cluster, secret, () => cluster.Addresses);
            var submit = new SubmitRun(spec.ToJson(), folder, resume, Command());
            SubmitAnswer answer = await SubmitAsync(client, cluster, submit, cancel);
            if (!answer.Accepted)
            {
                throw new CommandException(answer.Cause == FailureCause.None ? ExitCodes.Checkpoint : OutcomeCodes.Of(answer.Cause), answer.Message);
            }

            ended = await new RunWatch(client, view) { Asked = cluster.OnStatus }.UntilEndedAsync(cluster.Lost, settings.Runtime.Supervision.StopTimeout, cancel);
        }

        return await FinishAsync(settings, spec, folder, ended, json, cancel);
    }

    private static string Spares(int spares) => spares == 0 ? "" : $" with {spares} {(spares == 1 ? "spare" : "spares")}";

    private static async Task<SubmitAnswer> SubmitAsync(ClusterClient client, LocalCluster cluster, SubmitRun submit, CancellationToken cancel)
    {
        Task<SubmitAnswer> submitted = client.AskAsync<SubmitAnswer>(submit, TimeSpan.FromSeconds(60), cancel);
        return await Task.WhenAny(submitted, cluster.Lost) == submitted ? await submitted : throw await cluster.Lost;
    }

    /// <summary>Flight recorders of processes that ended long ago are of no use to this start.</summary>
    private static void SweepFlights(string folder)
    {
        string flights = Path.Combine(folder, "flight");
        if (Directory.Exists(flights))
        {
            Directory.Delete(flights, recursive: true);
        }
    }

    private static string Command() => "moe " + string.Join(' ', Environment.GetCommandLineArgs().Skip(1).Select(Redact));

    private static string Redact(string argument) =>
        argument.IndexOf('=', StringComparison.Ordinal) is > 0 and var at && SecretKeys.Match(argument[..at], double.TryParse(argument[(at + 1)..], out _))
            ? $"{argument[..at]}={Redactor.Mark}"
            : argument;

    private async Task<int> FinishAsync(MoeSettings settings, RunSpec spec, string folder, RunStatus ended, bool json, CancellationToken cancel)
    {
        string outcome = ended.Outcome;
        GeneratedSample? sample = null;
        if (outcome == "completed")
        {
            using var places = new CheckpointPlaces(settings.Runtime.ObjectStore);
            sample = Sampling.FromNewest(spec, places.OpenToRead(spec, folder), settings.Runtime.Generation, error);
        }

        string report = RunReports.Write(folder, outcome, spec, sample);
        if (settings.Runtime.Reports.Picture)
        {
            PlotOutcome plot = await PlotRunner.RunAsync(report, Path.Combine(folder, ReportWriter.PictureName), cancellation: CancellationToken.None);
            if (!plot.Drawn)
            {
                error.WriteLine($"moe: {plot.Problem}");
            }
        }

        RunReport written = ReportWriter.Read(report);
        if (json)
        {
            output.WriteLine(System.Text.Json.JsonSerializer.Serialize(new { type = "ended", outcome, report, totals = written.Totals }, JsonOutput.Line));
        }
        else
        {
            Summary.Write(output, written, report, sample);
        }

        return outcome switch
        {
            "completed" => ExitCodes.Ok,
            "stopped" => cancel.IsCancellationRequested ? ExitCodes.Interrupted : ExitCodes.Ok,
            _ => throw new CommandException(OutcomeCodes.Of(ended.Cause), $"the run {outcome}; report: {report}"),
        };
    }
}
