using System.Text.Json;

using MoeActors.Actors.Cluster;
using MoeActors.Compute.Models;
using MoeActors.Compute.Tensors;
using MoeActors.Host.Commands;
using MoeActors.Host.Diagnostics;
using MoeActors.Host.Http;

namespace MoeActors.Host.Nodes;

/// <summary><c>moe node</c>: one node process, until it is told to stop, its supervisor goes away, or the cluster does without it.</summary>
internal sealed class NodeHandler(TextWriter output, TextWriter error) : IHandler<NodeRequest>
{
    /// <summary>The line a supervisor reads: where the node listens.</summary>
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
        ThreadPool.SetMinThreads(request.Settings.Runtime.Cluster.MinimumThreads, request.Settings.Runtime.Cluster.MinimumThreads);
        MemoryTuning.KeepFreedMemory();
        OpenFiles.Demand();
        LibTorchCheck.Verify();
        await JournalCheck.VerifyAsync(request.Settings.Runtime.Persistence, cancel);
        NodeOptions options = NodeOptionsBuilder.Build(request.Settings, request.Start);
        if (request.Supervised)
        {
            options = options with { StartNode = () => AskForOneMore(output), RunFolder = options.DataFolder };
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
        await using StatusServer? http = await NodeStatusServer.StartAsync(request.Settings, node, options.Clock, stop.Token);
        output.WriteLine(JsonSerializer.Serialize(new Listening("listening", node.Address, Environment.ProcessId, http?.Address.ToString()), JsonSerializerOptions.Web));
        output.Flush();
        if (!request.Supervised)
        {
            error.WriteLine($"{options.Name} listens on {node.Address} (files in {options.DataFolder}); Ctrl-C leaves the cluster");
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

    private static void AskForOneMore(TextWriter output)
    {
        output.WriteLine(JsonSerializer.Serialize(new Wish(Wish.OneMore), JsonSerializerOptions.Web));
        output.Flush();
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
