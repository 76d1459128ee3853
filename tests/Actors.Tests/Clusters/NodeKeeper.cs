using Akka.Actor;

using MoeActors.Actors.Node;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Tests.Clusters;

/// <summary>What `moe train` is to its processes: a node that ends is started again under its name, and joins whoever is left. Asks whoever answers.</summary>
internal sealed class NodeKeeper : IAsyncDisposable
{
    private readonly TestCluster cluster;
    private readonly CancellationTokenSource stop = new();
    private readonly Task keeping;

    public NodeKeeper(TestCluster cluster)
    {
        this.cluster = cluster;
        keeping = KeepAsync();
    }

    /// <summary>Asks again until a node answers: the one that was asked may be about to end.</summary>
    public async Task<T> AskAsync<T>(IControlMessage message)
    {
        while (true)
        {
            NodeProcess node = cluster.Nodes[^1];
            foreach (NodeProcess other in cluster.Nodes.Where(n => !n.Ended.IsCompleted))
            {
                node = other;
                break;
            }

            try
            {
                return await node.System.ActorSelection("/user/gateway").Ask<T>(message, TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
            }
            catch (AskTimeoutException) when (!keeping.IsFaulted)
            {
            }
        }
    }

    /// <summary>As <see cref="TestCluster.NextCheckpointAsync"/>.</summary>
    public async Task NextCheckpointAsync()
    {
        long at;
        lock (cluster.Run.Steps)
        {
            at = cluster.Run.Steps.Keys.Max();
        }

        while (!cluster.Run.Ended.IsCompleted && !cluster.Run.Checkpoints.Keys.Any(step => step > at))
        {
            await AskAsync<RunStatus>(new StatusQuery(long.MaxValue));
        }
    }

    /// <summary>Asks the run to stop until it does; no node is started any more.</summary>
    public async Task StopAsync()
    {
        while (!cluster.Run.Ended.IsCompleted)
        {
            foreach (NodeProcess node in cluster.Nodes.ToArray())
            {
                node.System.ActorSelection("/user/gateway").Tell(new StopRun("the test asked"), node.System.ActorOf(Props.Empty));
            }

            await AskAsync<RunStatus>(new StatusQuery(long.MaxValue));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await keeping;
        stop.Dispose();
    }

    private async Task KeepAsync()
    {
        var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenRegistration end = stop.Token.Register(over.SetResult);
        while (!stop.IsCancellationRequested)
        {
            await Task.WhenAny([over.Task, .. cluster.Nodes.Select(n => n.Ended)]);
            if (!stop.IsCancellationRequested && cluster.Nodes.FirstOrDefault(n => n.Ended.IsCompleted) is { } gone)
            {
                await cluster.ReplaceAsync(gone);
            }
        }
    }
}
