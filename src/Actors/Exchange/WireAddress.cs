using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace MoeActors.Actors.Exchange;

/// <summary>"unix:/path" and "tcp:host:port" to and from socket addresses.</summary>
internal static class WireAddress
{
    // struct sockaddr_un holds 108 bytes, the terminating zero among them.
    internal const int MaxUnixPath = 107;

    internal static EndPoint Parse(string address)
    {
        if (address.StartsWith("unix:/", StringComparison.Ordinal) && address.Length - 5 <= MaxUnixPath)
        {
            return new UnixDomainSocketEndPoint(address[5..]);
        }

        if (address.StartsWith("tcp:", StringComparison.Ordinal))
        {
            int colon = address.LastIndexOf(':');
            string host = colon > 4 ? address[4..colon].Trim('[', ']') : "";
            if (host.Length > 0 && ushort.TryParse(address.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
            {
                return new IPEndPoint(Resolve(host, address), port);
            }
        }

        throw new ExchangeException($"exchange address \"{address}\": expected \"unix:/path\" of at most {MaxUnixPath} bytes or \"tcp:host:port\"");
    }

    internal static Socket NewSocket(EndPoint point) => point is UnixDomainSocketEndPoint
        ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
        : new Socket(point.AddressFamily, SocketType.Stream, ProtocolType.Tcp);

    private static IPAddress Resolve(string host, string address)
    {
        if (IPAddress.TryParse(host, out IPAddress? ip))
        {
            return ip;
        }

        try
        {
            IPAddress[] all = Dns.GetHostAddresses(host);
            return Array.Find(all, a => a.AddressFamily == AddressFamily.InterNetwork) ?? all[0];
        }
        catch (Exception e) when (e is SocketException or ArgumentException or IndexOutOfRangeException)
        {
            throw new ExchangeException($"exchange address \"{address}\": the host {host} cannot be resolved", e);
        }
    }
}
