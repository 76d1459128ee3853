using System.Net;

using Akka.Actor;
using Akka.Event;

using MoeActors.Actors.Node;
using MoeActors.Host.Commands;
using MoeActors.Host.Configuration;
using MoeActors.Host.Http;

namespace MoeActors.Host.Nodes;

/// <summary>The node's metrics and status over HTTP.</summary>
internal static class NodeStatusServer
{
    /// <summary>Starts the server, or returns null when it is switched off.</summary>
    /// <param name="settings">All settings.</param>
    /// <param name="node">The node.</param>
    /// <param name="time">What time it is.</param>
    /// <param name="must">
    /// Whether a port that cannot be had is an error. Where it is none (the node belongs to a supervisor, which looked before it started any), the node takes a free port, or does without: nobody stops training for its metrics.
    /// </param>
    /// <param name="stop">Ends it.</param>
    public static async Task<StatusServer?> StartAsync(MoeSettings settings, NodeProcess node, TimeProvider time, bool must, CancellationToken stop)
    {
        HttpSettings http = settings.Runtime.Http;
        if (!http.Enabled)
        {
            return null;
        }

        ActorSelection gateway = node.System.ActorSelection("/user/gateway");
        var poll = new StatusPoll(gateway, time);
        FaultApi? faults = http.Token is { } token && settings.Runtime.FaultsEnabled
            ? new FaultApi(token, (message, cancel) => gateway.Ask<object>(message, TimeSpan.FromSeconds(10), cancel))
            : null;
        StatusServer? server = null;
        foreach (int port in must || http.Port == 0 ? [http.Port] : (int[])[http.Port, 0])
        {
            try
            {
                IPAddress address = await HttpAddress.ResolveAsync(http.Host, stop);
                server = await StatusServer.StartAsync(new StatusServerOptions { Address = address, Port = port, Faults = faults }, poll.Status, stop);
                break;
            }
            catch (StatusServerException e) when (!must)
            {
                node.System.Log.Warning("{0}", e.Message);
            }
        }

        if (server is not null)
        {
            node.System.Log.Info("status and metrics at {0}", server.Address);
        }

        _ = poll.RunAsync(node, stop);
        return server;
    }
}
