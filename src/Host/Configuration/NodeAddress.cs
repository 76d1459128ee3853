using System.Globalization;
using System.Net;

namespace MoeActors.Host.Configuration;

/// <summary>HOST:PORT of a node's control plane.</summary>
internal sealed record NodeAddress(string Host, int Port)
{
    /// <summary>Reads HOST:PORT, [IPV6]:PORT included.</summary>
    public static bool TryParse(string text, out NodeAddress address)
    {
        address = new NodeAddress("", 0);
        int colon = text.LastIndexOf(':');
        if (colon <= 0 || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port) || port is < 1 or > 65535)
        {
            return false;
        }

        string host = text[..colon];
        if (host.StartsWith('[') && host.EndsWith(']'))
        {
            host = host[1..^1];
        }

        if (Uri.CheckHostName(host) == UriHostNameType.Unknown)
        {
            return false;
        }

        address = new NodeAddress(host, port);
        return true;
    }

    /// <summary>Whether a host name stands for this machine alone.</summary>
    public static bool IsLoopback(string host) => host == "localhost" || (IPAddress.TryParse(host, out IPAddress? ip) && IPAddress.IsLoopback(ip));

    /// <inheritdoc/>
    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
