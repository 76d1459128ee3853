using System.Net;
using System.Net.Sockets;

using MoeActors.Host.Commands;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Http;

/// <summary>Ports of the status servers of a local cluster's nodes: the first node has http.port, each further one the next port.</summary>
internal static class HttpPorts
{
    /// <summary>Port of a node; 0 = any free one, also for a node beyond the last port there is.</summary>
    /// <param name="first">http.port.</param>
    /// <param name="node">Number of the node, from 1.</param>
    public static int Of(int first, int node) => first > 0 && first + node - 1 <= IPEndPoint.MaxPort ? first + node - 1 : 0;

    /// <summary>Looks, before anything is made or started, whether the first <paramref name="nodes"/> nodes can have their ports; throws what names the port and the remedy.</summary>
    public static async Task DemandAsync(HttpSettings http, int nodes, CancellationToken cancel)
    {
        if (!http.Enabled)
        {
            return;
        }

        if (http.Port > 0 && Of(http.Port, nodes) == 0)
        {
            throw new SettingsException($"http.port = {http.Port}: {nodes} nodes have that port and those after it; expected at most {IPEndPoint.MaxPort - nodes + 1}, or 0 for any free ones");
        }

        IPAddress address = await HttpAddress.ResolveAsync(http.Host, cancel).ConfigureAwait(false);
        for (int node = 1; node <= (http.Port == 0 ? 1 : nodes); node++)
        {
            int port = Of(http.Port, node);
            using var listener = new TcpListener(address, port);
            try
            {
                listener.Start();
            }
            catch (SocketException e)
            {
                string who = nodes == 1 ? "the node" : $"node-{node}";
                string expected = http.Port == 0 ? "an address of this machine (http.host)"
                    : nodes == 1 ? "a port that nobody has, or 0 for any free one"
                    : $"ports that nobody has, from there one for each of the {nodes} nodes, or 0 for any free ones";
                throw new CommandException(ExitCodes.Resources, $"http.port = {http.Port}: {who} cannot listen on {address} port {port}: {e.Message}; expected {expected}");
            }
        }
    }
}
