using System.Text.Json;

using MoeActors.Actors.Protocol;
using MoeActors.Compute.Models;
using MoeActors.Compute.Tensors;
using MoeActors.Host.Commands;
using MoeActors.Host.Progress;

namespace MoeActors.Host.Runs;

/// <summary><c>moe run start</c>.</summary>
internal sealed class RunStartHandler(TextWriter output) : IHandler<RunStartRequest>
{
    /// <inheritdoc/>
    public async Task<int> RunAsync(RunStartRequest request, CancellationToken cancel)
    {
        LibTorchCheck.Verify();
        string folder = request.Settings.Runtime.RunDirectory ?? RunFolders.Default(request.Settings.Preset);
        await using var client = new ClusterClient(request.Settings.Runtime.Cluster, request.Settings.Runtime.Cluster.Secret ?? "", () => [request.Cluster.ToString()]);

        // Asked first, so that a cluster that is not there leaves no folder behind.
        RunStatus now = await client.AskAsync<RunStatus>(new StatusQuery(long.MaxValue), TimeSpan.FromSeconds(5), cancel);
        if (now is { RunId.Length: > 0, Outcome: "" } && now.RunFolder != folder)
        {
            throw new CommandException(ExitCodes.Cluster, $"run {now.RunId} in {now.RunFolder} is being trained: stop it first (moe run stop --cluster {request.Cluster})");
        }

        bool exists = File.Exists(Path.Combine(folder, RunReports.RecordName));
        RunSpec spec = exists ? RunFolders.Read(folder) with { Nodes = request.Settings.Run.Nodes } : RunFolders.Create(request.Settings, folder);
        SubmitAnswer answer = await client.AskAsync<SubmitAnswer>(
            new SubmitRun(spec.ToJson(), folder, exists, "moe run start"), TimeSpan.FromSeconds(10), cancel);
        if (!answer.Accepted)
        {
            throw new CommandException(answer.Cause == FailureCause.None ? ExitCodes.Cluster : OutcomeCodes.Of(answer.Cause), answer.Message);
        }

        output.WriteLine(request.Json
            ? JsonSerializer.Serialize(new { runId = spec.RunId, folder }, JsonOutput.Options)
            : $"run {spec.RunId} {(exists ? "goes on" : "accepted")}; run directory {folder}; watch it: moe run status --cluster {request.Cluster} --watch");
        return ExitCodes.Ok;
    }
}

/// <summary><c>moe run stop</c>.</summary>
internal sealed class RunStopHandler(TextWriter output) : IHandler<RunControlRequest>
{
    /// <inheritdoc/>
    public async Task<int> RunAsync(RunControlRequest request, CancellationToken cancel)
    {
        await using var client = new ClusterClient(request.Settings.Runtime.Cluster, request.Settings.Runtime.Cluster.Secret ?? "", () => [request.Cluster.ToString()]);
        RunStatus status = await client.AskAsync<RunStatus>(new StatusQuery(long.MaxValue), TimeSpan.FromSeconds(5), cancel);
        if (status.Phase is "idle" or "ended")
        {
            output.WriteLine("no run to stop");
            return ExitCodes.Ok;
        }

        while (status.Outcome.Length == 0)
        {
            // Again each time: the request may be lost, or the coordinator that took it.
            client.Tell(new StopRun("moe run stop"));
            await Task.Delay(200, cancel);
            status = await client.AskAsync<RunStatus>(new StatusQuery(long.MaxValue), TimeSpan.FromSeconds(30), cancel);
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
        await using var client = new ClusterClient(request.Settings.Runtime.Cluster, request.Settings.Runtime.Cluster.Secret ?? "", () => [request.Cluster.ToString()]);
        RunStatus status = await client.AskAsync<RunStatus>(new StatusQuery(request.Watch ? 0 : long.MaxValue), TimeSpan.FromSeconds(5), cancel);
        if (!request.Watch)
        {
            output.WriteLine(request.Json ? JsonSerializer.Serialize(status, JsonOutput.Options) : Line(status));
            return ExitCodes.Ok;
        }

        using ProgressView view = ProgressView.Create(new ProgressOptions { Json = request.Json });
        var watch = new RunWatch(client, view);
        watch.Show(status);
        while (status.Outcome.Length == 0 && !cancel.IsCancellationRequested)
        {
            await Task.Delay(300, CancellationToken.None);
            status = await client.AskAsync<RunStatus>(new StatusQuery(status.LastEvent), TimeSpan.FromSeconds(60), cancel);
            watch.Show(status);
        }

        return ExitCodes.Ok;
    }

    private static string Spares(RunStatus s) => s.NodesUp > s.NodesWanted ? $" and {s.NodesUp - s.NodesWanted} more" : "";

    private static string Line(RunStatus s) => s.RunId.Length == 0
        ? $"no run; {s.NodesUp} nodes up: {string.Join(", ", s.Nodes)}"
        : $"run {s.RunId} {(s.Outcome.Length > 0 ? s.Outcome : s.Phase)}: step {s.Step} of {s.Steps}, loss {s.Loss:0.0000}, {s.TokensPerSecond:0} tokens/s, epoch {s.Epoch}, checkpoint {s.Checkpoint}, {Math.Min(s.NodesUp, s.NodesWanted)} of {s.NodesWanted} nodes{Spares(s)} ({string.Join(", ", s.Nodes)}); {s.RunFolder}";
}
