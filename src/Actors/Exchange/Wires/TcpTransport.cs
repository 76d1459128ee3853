using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace MoeActors.Actors.Exchange.Wires;

/// <summary>TCP, on loopback unless another host is configured; under mutual TLS where certificates are.</summary>
internal sealed class TcpTransport : ITransport
{
    private readonly ExchangeOptions options;
    private readonly TlsIdentity? tls;

    public TcpTransport(ExchangeOptions options)
    {
        this.options = options;
        tls = options.Tls is null ? null : new TlsIdentity(options.Tls);
    }

    public string Scheme => "tcp";

    public string Form => "tcp:host:port";

    public bool MayReach(string address) => Split(address) is not null;

    public IConnection Dial(string address)
    {
        IPEndPoint point = Parse(address);
        return new SocketConnection(NewSocket(point), point, socket => Open(socket, server: false));
    }

    public IWireListener Listen()
    {
        IPEndPoint point = Parse(options.Listen);
        if (!IPAddress.IsLoopback(point.Address) && options.Secret.Length == 0)
        {
            throw new ExchangeException($"the data plane on {options.Listen} can be reached from other hosts: set cluster.secret to the same secret on all nodes");
        }

        Socket socket = NewSocket(point);
        try
        {
            socket.Bind(point);
            socket.Listen(256);
            return new SocketListener(socket, Advertised((IPEndPoint)socket.LocalEndPoint!), s => Open(s, server: true));
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new ExchangeException($"the data plane cannot listen on {options.Listen}: {e.Message}; choose another cluster.host or data-plane.port (0 = a free one)", e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public void Dispose() => tls?.Dispose();

    /// <summary>"tcp:host:port" as a number and a port.</summary>
    internal static IPEndPoint Parse(string address) => Split(address) is (string host, ushort port)
        ? new IPEndPoint(Resolve(host, address), port)
        : throw new ExchangeException($"exchange address \"{address}\": expected tcp:host:port");

    private static (string Host, ushort Port)? Split(string address)
    {
        int colon = address.LastIndexOf(':');
        string host = colon > 4 && address.StartsWith("tcp:", StringComparison.Ordinal) ? address[4..colon].Trim('[', ']') : "";
        return host.Length > 0 && ushort.TryParse(address.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) ? (host, port) : null;
    }

    private static Socket NewSocket(IPEndPoint point) => new(point.AddressFamily, SocketType.Stream, ProtocolType.Tcp);

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

    private Wire Open(Socket socket, bool server) => tls is null ? new SocketWire(socket, options) : TlsWire.Open(socket, options, tls, server);

    private string Advertised(IPEndPoint bound)
    {
        if (options.AdvertisedHost is null && (bound.Address.Equals(IPAddress.Any) || bound.Address.Equals(IPAddress.IPv6Any)))
        {
            throw new ExchangeException($"the data plane on {options.Listen} names no host that peers can reach: set cluster.host to an address of this machine");
        }

        string host = options.AdvertisedHost ?? bound.Address.ToString();
        return host.Contains(':', StringComparison.Ordinal) ? $"tcp:[{host}]:{bound.Port}" : $"tcp:{host}:{bound.Port}";
    }
}
