using System.Diagnostics;
using System.Globalization;

using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Protocol;
using MoeActors.Host.Commands;
using MoeActors.Host.Configuration;
using MoeActors.Host.Http;
using MoeActors.Host.Nodes;

namespace MoeActors.Host.Runs;

/// <summary>
/// A local cluster of node processes and their supervisor: one that dies is started again under its name (backoff, budget) and joins the
/// living; stopping leaves none behind.
/// </summary>
internal sealed class LocalCluster : IAsyncDisposable
{
    private readonly SupervisionSettings supervision;
    private readonly string config;
    private readonly int httpPort;
    private readonly Action<string> say;
    private readonly Lock gate = new();
    private readonly Dictionary<string, NodeChild> live = [];
    private readonly Dictionary<string, string> addresses = [];
    private readonly SortedDictionary<string, string> pages = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource<CommandException> lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Task> watches = [];
    private readonly CancellationTokenSource stop = new();

    /// <summary>Nodes that may be started by order, the first ones included.</summary>
    private const int MostNodes = 64;

    private readonly EvictedProcesses evicted = new(TimeSpan.FromSeconds(4));
    private int names = MostNodes;

    /// <summary>The node that is beginning the cluster anew, after none was left.</summary>
    private string? founder;

    private LocalCluster(SupervisionSettings supervision, string config, int httpPort, Action<string> say) =>
        (this.supervision, this.config, this.httpPort, this.say) = (supervision, config, httpPort, say);

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
    /// <param name="supervision">How nodes are started again.</param>
    /// <param name="config">The nodes' configuration file.</param>
    /// <param name="count">Nodes.</param>
    /// <param name="httpPort">http.port (<see cref="HttpPorts"/>).</param>
    /// <param name="say">Told what happens to the nodes.</param>
    public static async Task<LocalCluster> StartAsync(SupervisionSettings supervision, string config, int count, int httpPort, Action<string> say)
    {
        var cluster = new LocalCluster(supervision, config, httpPort, say);
        try
        {
            NodeChild first = cluster.Launch("node-1", [], 0)!;
            string address = await cluster.ListenAsync(first).ConfigureAwait(false);
            cluster.Watch(first, []);
            for (int n = 2; n <= count; n++)
            {
                cluster.Watch(cluster.Launch($"node-{n}", [address], 0)!, []);
            }

            cluster.names = count;

            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>What the coordinator says of its members: a process that lives though it was removed is ended, and started again like one that died.</summary>
    /// <param name="status">Its answer; null: none came.</param>
    public void OnStatus(RunStatus? status)
    {
        int[]? members = status is null ? null : [.. status.Nodes.Select(n => int.Parse(n[(n.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture))];
        lock (gate)
        {
            // Under the gate: a process that has ended is taken out, and disposed, only after it.
            foreach (int pid in evicted.See(members, [.. live.Values.Select(c => c.Pid)], Stopwatch.GetElapsedTime(0)))
            {
                NodeChild child = live.Values.First(c => c.Pid == pid);
                say($"{child.Name} (pid {pid}) lives though the cluster has removed it: it is stopped or hangs, and is ended");
                child.Kill();
            }
        }
    }

    /// <summary>Stops all nodes: asks, waits, then ends those that did not.</summary>
    public async ValueTask DisposeAsync()
    {
        NodeChild[] children;
        lock (gate)
        {
            // Under the gate: from here on no process is started any more.
            stop.Cancel();
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
        try
        {
            ClusterAddresses.Remove(Path.GetDirectoryName(config)!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            say($"{ClusterAddresses.FileName} cannot be removed: {e.Message}");
        }

        stop.Dispose();
    }

    /// <summary>Starts a process; null once the cluster is being stopped.</summary>
    private NodeChild? Launch(string name, IReadOnlyList<string> join, int start)
    {
        lock (gate)
        {
            return stop.IsCancellationRequested ? null : live[name] = NodeChild.Start(name, config, join, start, HttpPorts.Of(httpPort, NumberOf(name)), AddNode);
        }
    }

    private static int NumberOf(string name) => int.Parse(name[(name.LastIndexOf('-') + 1)..], CultureInfo.InvariantCulture);

    /// <summary>A node asks for one more: an operator's order (AD-1) went through it.</summary>
    private void AddNode()
    {
        lock (gate)
        {
            if (names >= MostNodes || addresses.Count == 0)
            {
                say($"no further node is started: {(names >= MostNodes ? $"{names} have been, {MostNodes} may be" : "none is there to join")}");
                return;
            }

            string name = $"node-{++names}";
            if (Launch(name, [.. addresses.Values], 0) is { } child)
            {
                say($"{name} is started, as was asked for");
                Watch(child, []);
            }
        }
    }

    /// <summary>
    /// The nodes that <paramref name="name"/> is to join. When none is left it begins the cluster anew, and others wait for it: two beginners would
    /// be two clusters on one journal.
    /// </summary>
    private async Task<IReadOnlyList<string>> PeersAsync(string name)
    {
        while (true)
        {
            lock (gate)
            {
                if (addresses.Count > 0)
                {
                    return [.. addresses.Values];
                }

                founder ??= name;
                if (founder == name)
                {
                    return [];
                }
            }

            await Task.Delay(50, stop.Token).ConfigureAwait(false);
        }
    }

    private async Task<string> ListenAsync(NodeChild child)
    {
        NodeHandler.Listening told = await child.Listening.ConfigureAwait(false);
        bool newPage = false;
        lock (gate)
        {
            addresses[child.Name] = told.Address;
            if (told.Http is { } page)
            {
                newPage = !pages.TryGetValue(child.Name, out string? known) || known != page;
                pages[child.Name] = page;
            }

            Tell();
            founder = founder == child.Name ? null : founder;
        }

        if (newPage)
        {
            say($"{child.Name}: status and metrics at {told.Http}");
        }

        return told.Address;
    }

    /// <summary>Under the gate: other commands find the cluster by the one file, people and monitoring the nodes' pages by the other.</summary>
    private void Tell()
    {
        Write(ClusterAddresses.FileName, addresses.Values);
        Write(ClusterAddresses.PagesName, pages.Select(p => $"{p.Key} {p.Value}"));

        void Write(string file, IEnumerable<string> lines)
        {
            try
            {
                ClusterAddresses.Write(Path.GetDirectoryName(config)!, lines, file);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                say($"{file} cannot be written: {e.Message}");
            }
        }
    }

    private void Watch(NodeChild child, List<DateTimeOffset> deaths)
    {
        lock (gate)
        {
            watches.Add(GuardAsync(child, deaths));
        }
    }

    private async Task GuardAsync(NodeChild first, List<DateTimeOffset> deaths)
    {
        try
        {
            await SuperviseAsync(first, deaths).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The cluster is being stopped.
        }
        catch (Exception e)
        {
            // No process could be started, say: without its supervisor the node would just stay away.
            lost.TrySetResult(new CommandException(ExitCodes.Resources, $"{first.Name} cannot be started again: {e.Message}"));
        }
    }

    /// <summary>A time that only ever goes on, for the window of the restart budget: what the wall clock says does not matter.</summary>
    private static DateTimeOffset Steady() => DateTimeOffset.UnixEpoch + Stopwatch.GetElapsedTime(0);

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
                pages.Remove(child.Name);
                Tell();
                live.Remove(child.Name);
                founder = founder == child.Name ? null : founder;
            }

            if (stop.IsCancellationRequested)
            {
                return;
            }

            if (code is NodeExit.JournalDamaged or ExitCodes.Cluster or ExitCodes.Resources or ExitCodes.Configuration or ExitCodes.CommandLine)
            {
                // Starting it again would end the same way.
                lost.TrySetResult(new CommandException(code == NodeExit.JournalDamaged ? ExitCodes.Resources : code, child.LastWords.Length > 0 ? child.LastWords : $"{child.Name} ended with exit code {code}"));
                return;
            }

            DateTimeOffset now = Steady();
            deaths.Add(now);
            (TimeSpan? pause, string reason) = RestartPolicy.Decide(supervision, deaths, now, Random.Shared.NextDouble());
            say($"{child.Name} died (exit code {code}): {reason}");
            if (pause is null)
            {
                string words = child.LastWords;
                lost.TrySetResult(new CommandException(ExitCodes.RestartBudget, $"{child.Name}: {reason}{(words.Length > 0 ? $"; its last words: {words}" : "")}"));
                return;
            }

            await Task.Delay(pause.Value, stop.Token).ConfigureAwait(false);
            string name = child.Name;
            child.Dispose();
            IReadOnlyList<string> peers = await PeersAsync(name).ConfigureAwait(false);
            if (Launch(name, peers, deaths.Count) is not { } next)
            {
                return;
            }

            child = next;
        }
    }
}
