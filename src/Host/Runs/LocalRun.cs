using System.Security.Cryptography;

using MoeActors.Actors.Protocol;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;
using MoeActors.Host.Commands;
using MoeActors.Host.Configuration;
using MoeActors.Host.Progress;

namespace MoeActors.Host.Runs;

/// <summary>A run on a local cluster from start to report: what `moe train` and `moe resume` share.</summary>
internal sealed class LocalRun(TextWriter output, TextWriter error)
{
    private readonly Unshown unshown = new(error);

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
            Unshown = unshown.Say,
        }))
        {
            view.Event(ProgressEventKind.Info, $"{spec.Model.Name}: {ParameterCounts.Of(spec.Model).Total / 1e6:0.00} M parameters, {spec.Layout.Ranks} logical ranks on {spec.Nodes} nodes{Spares(settings.Runtime.Supervision.Spares)}; run directory {folder}");
            await using LocalCluster cluster = await LocalCluster.StartAsync(
                settings.Runtime.Supervision, config, spec.Nodes + settings.Runtime.Supervision.Spares, settings.Runtime.Http.Port, text => view.Event(ProgressEventKind.Membership, text));
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

    private static string Command() => "moe " + CommandLineSecrets.Hidden(Environment.GetCommandLineArgs()[1..]);

    private async Task<int> FinishAsync(MoeSettings settings, RunSpec spec, string folder, RunStatus ended, bool json, CancellationToken cancel)
    {
        string outcome = ended.Outcome;
        string? report = await new RunEnding(output, error, unshown).ShowAsync(settings, spec, folder, outcome, json, cancel);
        return outcome switch
        {
            "completed" => ExitCodes.Ok,
            "stopped" => cancel.IsCancellationRequested ? ExitCodes.Interrupted : ExitCodes.Ok,
            _ => throw new CommandException(OutcomeCodes.Of(ended.Cause), $"the run {outcome}; report: {report ?? "none"}"),
        };
    }
}
