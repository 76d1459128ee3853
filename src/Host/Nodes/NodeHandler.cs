using System.Text.Json;

using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Node;
using MoeActors.Compute.Tensors;
using MoeActors.Host.Commands;
using MoeActors.Host.Http;
using MoeActors.Host.Progress;

namespace MoeActors.Host.Nodes;

/// <summary><c>moe node</c>: one node process, until it is told to stop, its supervisor goes away, or the cluster does without it.</summary>
/// <param name="output">Lines for whoever started it.</param>
/// <param name="error">Failures.</param>
/// <param name="recorder">Opens the record of a run's folder, by a clock.</param>
internal sealed class NodeHandler(TextWriter output, TextWriter error, Func<string, TimeProvider, IRunRecorder> recorder) : IHandler<NodeRequest>
{
    /// <summary>The line a supervisor reads: where the node listens.</summary>
    /// <param name="Event">"listening".</param>
    /// <param name="Address">"host:port" of the control plane.</param>
    /// <param name="Pid">Its process id.</param>
    /// <param name="Http">Address of its status server; null = it has none.</param>
    internal sealed record Listening(string Event, string Address, int Pid, string? Http);

    /// <summary>The line by which a node asks its supervisor for something.</summary>
    internal sealed record Wish(string Event)
    {
        /// <summary>One more node.</summary>
        public const string OneMore = "start-node";
    }

    /// <inheritdoc/>
    public async Task<int> RunAsync(NodeRequest request, CancellationToken cancel)
    {
        if (!request.Supervised)
        {
            // The supervisor has looked for all of its nodes.
            await HttpPorts.DemandAsync(request.Settings.Runtime.Http, 1, cancel);
        }

        ThreadPool.SetMinThreads(request.Settings.Runtime.Cluster.MinimumThreads, request.Settings.Runtime.Cluster.MinimumThreads);
        MemoryTuning.KeepFreedMemory();
        OpenFiles.Demand();
        LibTorchCheck.Verify();
        NodeOptions options = NodeOptionsBuilder.Build(request.Settings, request.Start, recorder);
        await JournalCheck.VerifyAsync(options.Journal, cancel);
        if (request.Supervised)
        {
            options = options with { StartNode = () => Tell(output, new Wish(Wish.OneMore)), RunFolder = options.DataFolder };
        }

        // A terminal's Ctrl-C reaches the whole process group: a supervised node leaves the stopping to its supervisor.
        using var stop = new CancellationTokenSource();
        using CancellationTokenRegistration link = request.Supervised ? default : cancel.Register(stop.Cancel);
        if (request.Supervised)
        {
            _ = WatchParentAsync(stop);
        }

        NodeProcess started;
        try
        {
            started = await NodeProcess.StartAsync(options, stop.Token);
        }
        catch (RefusedException e) when (e.Unreachable && request.Supervised)
        {
            // The nodes it was told to join died meanwhile: its supervisor knows the living ones.
            Failures.Print($"{options.Name}: {e.Message}", error);
            return NodeExit.Unreachable;
        }

        await using NodeProcess node = started;
        await using StatusServer? http = await NodeStatusServer.StartAsync(request.Settings, node, options.Clock, must: !request.Supervised, stop.Token);
        Tell(output, new Listening("listening", node.Address, Environment.ProcessId, http?.Address.ToString()));
        if (!request.Supervised)
        {
            Failures.Line($"{options.Name} listens on {node.Address} (files in {options.DataFolder}){(http is null ? "" : $", status and metrics at {http.Address}")}; Ctrl-C leaves the cluster", error);
        }

        var stopped = new TaskCompletionSource();
        using CancellationTokenRegistration registration = stop.Token.Register(() => stopped.TrySetResult());
        if (await Task.WhenAny(node.Ended, stopped.Task) == node.Ended)
        {
            (int code, string reason) = await node.Ended;
            if (code != 0)
            {
                Failures.Print($"{options.Name}: {reason}", error);
            }

            if (code == NodeExit.Hung)
            {
                // An orderly end would wait for the thread that hangs.
                Environment.Exit(code);
            }

            return code;
        }

        return ExitCodes.Ok;
    }

    /// <summary>One line for whoever started this process. A node whose lines nobody can read works as well; one whose supervisor is gone ends by its standard input.</summary>
    private void Tell<T>(TextWriter reader, T line)
    {
        try
        {
            reader.WriteLine(JsonSerializer.Serialize(line, JsonSerializerOptions.Web));
            reader.Flush();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            new Unshown(error).Say(e);
        }
    }

    /// <summary>The supervisor holds this process's standard input: its end means that the supervisor is gone or wants this node to stop.</summary>
    private static async Task WatchParentAsync(CancellationTokenSource stop)
    {
        using Stream input = Console.OpenStandardInput();
        byte[] buffer = new byte[64];
        while (await input.ReadAsync(buffer) > 0)
        {
        }

        await stop.CancelAsync();

        // Nobody is left to wait for an orderly end.
        await Task.Delay(TimeSpan.FromSeconds(15));
        Environment.Exit(ExitCodes.Ok);
    }
}
