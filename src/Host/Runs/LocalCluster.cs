using MoeActors.Host.Commands;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Runs;

/// <summary>
/// A local cluster of node processes and their supervisor: one that dies is started again under its name (backoff, budget) and joins the
/// living; stopping leaves none behind.
/// </summary>
internal sealed class LocalCluster : IAsyncDisposable
{
    private readonly SupervisionSettings supervision;
    private readonly string config;
    private readonly Action<string> say;
    private readonly Lock gate = new();
    private readonly Dictionary<string, NodeChild> live = [];
    private readonly Dictionary<string, string> addresses = [];
    private readonly TaskCompletionSource<CommandException> lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Task> watches = [];
    private Task founding = Task.CompletedTask;
    private volatile bool stopping;

    private LocalCluster(SupervisionSettings supervision, string config, Action<string> say) => (this.supervision, this.config, this.say) = (supervision, config, say);

    /// <summary>Ends when the cluster cannot go on: the reason as an exception.</summary>
    public Task<CommandException> Lost => lost.Task;

    /// <summary>Addresses of the nodes that listen now.</summary>
    public IReadOnlyList<string> Addresses
    {
        get
        {
            lock (gate)
            {
                return [.. addresses.Values];
            }
        }
    }

    /// <summary>Starts <paramref name="count"/> nodes; returns when the first listens.</summary>
    public static async Task<LocalCluster> StartAsync(SupervisionSettings supervision, string config, int count, Action<string> say)
    {
        var cluster = new LocalCluster(supervision, config, say);
        try
        {
            NodeChild first = cluster.Launch("node-1", [], 0)!;
            string address = await cluster.ListenAsync(first).ConfigureAwait(false);
            cluster.Watch(first, []);
            for (int n = 2; n <= count; n++)
            {
                cluster.Watch(cluster.Launch($"node-{n}", [address], 0)!, []);
            }

            return cluster;
        }
        catch (CommandException)
        {
            await cluster.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Stops all nodes: asks, waits, then ends those that did not.</summary>
    public async ValueTask DisposeAsync()
    {
        NodeChild[] children;
        lock (gate)
        {
            stopping = true;
            children = [.. live.Values];
        }

        foreach (NodeChild child in children)
        {
            child.Stop();
        }

        await Task.WhenAny(Task.WhenAll(children.Select(c => c.Ended)), Task.Delay(TimeSpan.FromSeconds(8))).ConfigureAwait(false);
        foreach (NodeChild child in children)
        {
            child.Kill();
            await child.Ended.ConfigureAwait(false);
            child.Dispose();
        }

        await Task.WhenAll(watches).ConfigureAwait(false);
    }

    /// <summary>Starts a process; null when all are being stopped.</summary>
    private NodeChild? Launch(string name, IReadOnlyList<string> join, int start)
    {
        lock (gate)
        {
            return stopping ? null : live[name] = NodeChild.Start(name, config, join, start);
        }
    }

    private async Task<string> ListenAsync(NodeChild child)
    {
        string address = await child.Listening.ConfigureAwait(false);
        lock (gate)
        {
            if (live.GetValueOrDefault(child.Name) == child)
            {
                addresses[child.Name] = address;
            }
        }

        return address;
    }

    private void Watch(NodeChild child, List<DateTimeOffset> deaths)
    {
        lock (gate)
        {
            watches.Add(SuperviseAsync(child, deaths));
        }
    }

    private async Task SuperviseAsync(NodeChild first, List<DateTimeOffset> deaths)
    {
        NodeChild child = first;
        while (true)
        {
            Task listening = ListenAsync(child);
            int code = await child.Ended.ConfigureAwait(false);
            await listening.ContinueWith(_ => { }, TaskScheduler.Default).ConfigureAwait(false);
            lock (gate)
            {
                addresses.Remove(child.Name);
                live.Remove(child.Name);
            }

            if (stopping)
            {
                return;
            }

            if (code is ExitCodes.Cluster or ExitCodes.Resources or ExitCodes.Configuration or ExitCodes.CommandLine)
            {
                // Starting it again would end the same way.
                lost.TrySetResult(new CommandException(code, child.LastWords.Length > 0 ? child.LastWords : $"{child.Name} ended with exit code {code}"));
                return;
            }

            deaths.Add(DateTimeOffset.UtcNow);
            (TimeSpan? pause, string reason) = RestartPolicy.Decide(supervision, deaths, DateTimeOffset.UtcNow, Random.Shared.NextDouble());
            say($"{child.Name} died (exit code {code}): {reason}");
            if (pause is null)
            {
                lost.TrySetResult(new CommandException(ExitCodes.RestartBudget, $"{child.Name}: {reason}"));
                return;
            }

            await Task.Delay(pause.Value).ConfigureAwait(false);
            string name = child.Name;
            child.Dispose();
            if (await RelaunchAsync(name, deaths.Count).ConfigureAwait(false) is not { } next)
            {
                return;
            }

            child = next;
        }
    }

    /// <summary>Starts a node again: it joins the nodes that listen. Where none does, all died at once: one begins the cluster anew, the others wait for it.</summary>
    private async Task<NodeChild?> RelaunchAsync(string name, int start)
    {
        while (true)
        {
            Task heard;
            lock (gate)
            {
                if (addresses.Count > 0)
                {
                    return Launch(name, [.. addresses.Values], start);
                }

                if (founding.IsCompleted)
                {
                    NodeChild? founder = Launch(name, [], start);
                    founding = founder is null ? Task.CompletedTask : ListenAsync(founder);
                    return founder;
                }

                heard = founding;
            }

            await Task.WhenAny(heard).ConfigureAwait(false);
        }
    }
}
