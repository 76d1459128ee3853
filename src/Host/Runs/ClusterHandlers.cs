using System.Text.Json;

using MoeActors.Actors.Protocol;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using MoeActors.Host.Commands;
using MoeActors.Host.Configuration;
using MoeActors.Host.Progress;
using MoeActors.Host.Reports;

namespace MoeActors.Host.Runs;

/// <summary><c>moe run start</c>.</summary>
internal sealed class RunStartHandler(TextWriter output) : IHandler<RunStartRequest>
{
    /// <inheritdoc/>
    public async Task<int> RunAsync(RunStartRequest request, CancellationToken cancel)
    {
        LibTorchCheck.Verify();
        string folder = request.Settings.Runtime.RunDirectory ?? RunFolders.Default(request.Settings.Preset, request.Settings.Run.RunId);
        await using var client = new ClusterClient(request.Settings.Runtime.Cluster, request.Settings.Runtime.Cluster.ProvenSecret(), () => [request.Cluster.ToString()]);

        // Asked first, so that a cluster that is not there leaves no folder behind.
        await Submission.DemandFreeAsync(client, request.Cluster, folder, cancel);
        using var claim = RunFolderClaim.New(folder);
        RunSpec spec = RunFolders.Create(request.Settings, claim);
        SubmitAnswer answer = await Submission.SubmitAsync(client, spec, folder, resume: false, "moe run start", cancel);
        if (!answer.Accepted)
        {
            claim.Withdraw();
            throw new CommandException(answer.Cause == FailureCause.None ? ExitCodes.Cluster : OutcomeCodes.Of(answer.Cause), answer.Message);
        }

        Submission.Tell(output, request.Cluster, spec, folder, "accepted", request.Json);
        return ExitCodes.Ok;
    }
}

/// <summary><c>moe run resume</c>.</summary>
internal sealed class RunResumeHandler(TextWriter output) : IHandler<RunResumeRequest>
{
    /// <inheritdoc/>
    public async Task<int> RunAsync(RunResumeRequest request, CancellationToken cancel)
    {
        string folder = request.RunDirectory;
        RunSpec recorded = Load(request, folder, out MoeSettings settings);
        if (FinishedRun.Find(settings.Run, folder, settings.Runtime.ObjectStore) is { } report)
        {
            FinishedRun.Tell(output, report, folder, request.Json);
            return ExitCodes.Ok;
        }

        LibTorchCheck.Verify();
        SharedCheckpoints.DemandFree(folder);
        using var claim = RunFolderClaim.Existing(folder);
        recorded = Load(request, folder, out settings);
        await using var client = new ClusterClient(settings.Runtime.Cluster, settings.Runtime.Cluster.ProvenSecret(), () => [request.Cluster.ToString()]);
        await Submission.DemandFreeAsync(client, request.Cluster, folder, cancel);
        RunFolders.Locate(folder, recorded, settings.Run);
        RunSpec spec = LongerRun.Record(recorded, settings.Run, folder, settings.Runtime.ObjectStore, text => Say(text, request.Json));
        WeightSource.Ensure(spec, folder, settings.Runtime.ObjectStore);
        SubmitAnswer answer = await Submission.SubmitAsync(client, spec, folder, resume: true, "moe run resume", cancel);
        if (!answer.Accepted)
        {
            throw new CommandException(answer.Cause == FailureCause.None ? ExitCodes.Cluster : OutcomeCodes.Of(answer.Cause), answer.Message);
        }

        Submission.Tell(output, request.Cluster, recorded, folder, "goes on", request.Json);
        return ExitCodes.Ok;
    }

    private void Say(string text, bool json)
    {
        if (!json)
        {
            output.WriteLine(text);
        }
    }

    private static RunSpec Load(RunResumeRequest request, string folder, out MoeSettings settings)
    {
        RunSpec recorded = RunFolders.Read(folder);
        settings = SettingsLoader.LoadForRun(request.Settings, recorded, Path.Combine(folder, RunReports.RecordName));
        return recorded;
    }
}

/// <summary>What `moe run start` and `moe run resume` share.</summary>
internal static class Submission
{
    /// <summary>Refuses where the cluster trains another run.</summary>
    public static async Task DemandFreeAsync(ClusterClient client, NodeAddress cluster, string folder, CancellationToken cancel)
    {
        RunStatus now = await client.AskAsync<RunStatus>(new StatusQuery(long.MaxValue), TimeSpan.FromSeconds(5), cancel);
        if (now is { RunId.Length: > 0, Outcome: "" } && now.RunFolder != folder)
        {
            throw new CommandException(ExitCodes.Cluster, $"run {now.RunId} in {now.RunFolder} is being trained: stop it first (moe run stop --cluster {cluster})");
        }
    }

    /// <summary>Submits the run.</summary>
    public static Task<SubmitAnswer> SubmitAsync(ClusterClient client, RunSpec spec, string folder, bool resume, string command, CancellationToken cancel) =>
        client.AskAsync<SubmitAnswer>(new SubmitRun(spec.ToJson(), folder, resume, command), TimeSpan.FromSeconds(10), cancel);

    /// <summary>Says what became of it.</summary>
    public static void Tell(TextWriter output, NodeAddress cluster, RunSpec spec, string folder, string what, bool json) => output.WriteLine(json
        ? JsonSerializer.Serialize(new { runId = spec.RunId, folder }, JsonOutput.Options)
        : $"run {spec.RunId} {what}; run directory {folder}; watch it: moe run status --cluster {cluster} --watch");
}

/// <summary><c>moe run stop</c>.</summary>
internal sealed class RunStopHandler(TextWriter output) : IHandler<RunControlRequest>
{
    /// <inheritdoc/>
    public async Task<int> RunAsync(RunControlRequest request, CancellationToken cancel)
    {
        await using var client = ClusterClient.Of(request.Cluster);
        RunStatus status = await client.AskAsync<RunStatus>(new StatusQuery(long.MaxValue), TimeSpan.FromSeconds(5), cancel);
        if (status.Phase is "idle" or "ended")
        {
            output.WriteLine(request.Json ? JsonSerializer.Serialize(status, JsonOutput.Options) : "no run to stop");
            return ExitCodes.Ok;
        }

        while (status.Outcome.Length == 0)
        {
            // Again each time: the request may be lost, or the coordinator that took it.
            client.Tell(new StopRun("moe run stop"));
            await Task.Delay(200, cancel);
            if (await RunQuestion.AskAsync(client, request.Cluster, long.MaxValue, cancel) is not { } next)
            {
                output.WriteLine(request.Json
                    ? JsonSerializer.Serialize(status, JsonOutput.Options)
                    : $"run {status.RunId} was asked to stop, and its cluster has ended: {request.Cluster.RunDirectory} says how");
                return ExitCodes.Ok;
            }

            status = next;
        }

        output.WriteLine(request.Json ? JsonSerializer.Serialize(status, JsonOutput.Options) : $"run {status.RunId} {status.Outcome} after step {status.Step}; checkpoint {status.Checkpoint}");
        return ExitCodes.Ok;
    }
}

/// <summary><c>moe run status</c>.</summary>
internal sealed class RunStatusHandler(TextWriter output) : IHandler<RunControlRequest>
{
    /// <inheritdoc/>
    public async Task<int> RunAsync(RunControlRequest request, CancellationToken cancel)
    {
        await using var client = ClusterClient.Of(request.Cluster);
        RunStatus status = await client.AskAsync<RunStatus>(new StatusQuery(request.Watch ? 0 : long.MaxValue), TimeSpan.FromSeconds(5), cancel);
        if (!request.Watch)
        {
            output.WriteLine(request.Json ? JsonSerializer.Serialize(status, JsonOutput.Options) : Line(status));
            return ExitCodes.Ok;
        }

        using ProgressView view = ProgressView.Create(new ProgressOptions { Json = request.Json });
        var watch = new RunWatch(client, view);
        watch.Show(status);
        while (status.Outcome.Length == 0 && !cancel.IsCancellationRequested && !StandardOutput.IsAbandoned())
        {
            await Task.Delay(300, CancellationToken.None);
            if (await RunQuestion.AskAsync(client, request.Cluster, status.LastEvent, cancel) is not { } next)
            {
                view.Event(ProgressEventKind.Info, $"the cluster of the run has ended: {request.Cluster.RunDirectory} says how");
                return ExitCodes.Ok;
            }

            status = next;
            watch.Show(status);
        }

        return EndOf(status);
    }

    /// <summary>The exit code of one who has watched a run: that of the run where it failed, as `moe train` has it.</summary>
    internal static int EndOf(RunStatus status) => status.Cause == FailureCause.None ? ExitCodes.Ok : OutcomeCodes.Of(status.Cause);

    private static string Spares(RunStatus s) => s.NodesUp > s.NodesWanted ? $" and {s.NodesUp - s.NodesWanted} more" : "";

    /// <summary>One line; what is not known is not in it.</summary>
    internal static string Line(RunStatus s) => s.RunId.Length == 0
        ? $"no run; {s.NodesUp} nodes up: {string.Join(", ", s.Nodes)}"
        : $"run {s.RunId} {(s.Outcome.Length > 0 ? s.Outcome : s.Phase)}: step {s.Step} of {s.Steps}"
            + (double.IsFinite(s.Loss) ? $", loss {s.Loss:0.0000}" : "")
            + (s.TokensPerSecond > 0 ? $", {s.TokensPerSecond:0} tokens/s" : "")
            + $", epoch {s.Epoch}{(s.Checkpoint >= 0 ? $", checkpoint {s.Checkpoint}" : "")}, {Math.Min(s.NodesUp, s.NodesWanted)} of {s.NodesWanted} nodes{Spares(s)} ({string.Join(", ", s.Nodes)}); {s.RunFolder}";
}
