using System.Net;
using System.Net.Sockets;

using MoeActors.Host.Commands;

namespace MoeActors.Host.Http;

/// <summary>The address that http.host means.</summary>
internal static class HttpAddress
{
    /// <summary>An address as it is written, or the first of a name.</summary>
    /// <exception cref="StatusServerException">The name means nothing.</exception>
    public static async Task<IPAddress> ResolveAsync(string host, CancellationToken cancel)
    {
        if (IPAddress.TryParse(host, out IPAddress? written))
        {
            return written;
        }

        try
        {
            return host == "localhost" ? IPAddress.Loopback : (await Dns.GetHostAddressesAsync(host, cancel).ConfigureAwait(false))[0];
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            throw new StatusServerException($"http.host = {host}: {e.Message}; expected an address of this machine such as 127.0.0.1, or 0.0.0.0 for all of them", e);
        }
    }
}
