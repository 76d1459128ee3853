using System.Net;
using System.Net.Security;
using System.Net.Sockets;

using MoeActors.Actors.Exchange;

namespace MoeActors.Actors.ControlPlane;

/// <summary>
/// Listens on a node's control port and hands on connections that have proven themselves (SE-1). Before that a peer gets a place among few, may send a bounded number of bytes, and has a few seconds; nothing it
/// sends reaches anything but TLS.
/// </summary>
internal sealed class ControlListener : IDisposable
{
    /// <summary>Connections that may be in their handshakes at a time.</summary>
    internal const int Places = 64;

    private static readonly TimeSpan OutOfDescriptors = TimeSpan.FromMilliseconds(50);

    private readonly Socket socket;
    private readonly ControlCredentials credentials;
    private readonly ControlFaults? faults;
    private readonly Action<string> refused;
    private readonly UnprovenPlaces<Socket> unproven = new(Places);
    private readonly CancellationTokenSource closed = new();

    private ControlListener(Socket socket, ControlCredentials credentials, ControlFaults? faults, Action<string> refused) =>
        (this.socket, this.credentials, this.faults, this.refused) = (socket, credentials, faults, refused);

    /// <summary>Where it listens.</summary>
    internal IPEndPoint LocalEndPoint => (IPEndPoint)socket.LocalEndPoint!;

    /// <summary>Binds; the port is this process's alone. Throws <see cref="SocketException"/>.</summary>
    /// <param name="address">Address of this machine.</param>
    /// <param name="port">Port; 0 = a free one.</param>
    /// <param name="credentials">What is proven.</param>
    /// <param name="faults">Injected failures, or null.</param>
    /// <param name="refused">Told, in one line, of each connection that did not prove itself.</param>
    internal static ControlListener Bind(IPAddress address, int port, ControlCredentials credentials, ControlFaults? faults, Action<string> refused)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(address, port));
            socket.Listen(256);
            return new ControlListener(socket, credentials, faults, refused);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Accepts until disposed; <paramref name="proven"/> gets each connection and owns it.</summary>
    internal async Task AcceptAsync(Action<ControlWire, IPEndPoint> proven)
    {
        while (!closed.IsCancellationRequested)
        {
            Socket peer;
            try
            {
                peer = await socket.AcceptAsync(closed.Token).ConfigureAwait(false);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // The peer gave up while it waited, or this process is out of descriptors: then the pause keeps the loop from spinning on the error.
                await Task.Delay(OutOfDescriptors).ConfigureAwait(false);
                continue;
            }

            _ = ServeAsync(peer, proven);
        }
    }

    /// <summary>The address under which one's own machine is reached, where a node listens on all of its addresses.</summary>
    internal static IPAddress Reachable(IPAddress address) =>
        address.Equals(IPAddress.Any) ? IPAddress.Loopback : address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : address;

    public void Dispose()
    {
        closed.Cancel();
        socket.Dispose();
        Array.ForEach(unproven.Clear(), ControlWire.Abort);
    }

    private async Task ServeAsync(Socket peer, Action<ControlWire, IPEndPoint> proven)
    {
        SslStream? tls = null;
        bool handedOver = false;
        string from = "a peer";
        try
        {
            var end = (IPEndPoint)peer.RemoteEndPoint!;
            from = end.ToString();
            if (unproven.Take(peer, end.Address.ToString()) is { } ousted)
            {
                ControlWire.Abort(ousted);
            }

            ControlWire.Prepare(peer);
            HandshakeStream raw = new(new NetworkStream(peer, ownsSocket: true), credentials.HandshakeLimit);
            tls = new SslStream(raw);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(closed.Token);
            limit.CancelAfter(ControlDial.HandshakeTime);
            if (faults?.Break is { IsBroken: true } broken)
            {
                await BrokenHandshake.PlayAsync(broken.Next(), raw, limit.Token).ConfigureAwait(false);
                throw new IOException("an injected failure of TLS");
            }

            await tls.AuthenticateAsServerAsync(credentials.Server(), limit.Token).ConfigureAwait(false);
            byte[] greeting = new byte[ControlFrames.GreetingBytes];
            ControlFrames.WriteGreeting(greeting);
            await tls.WriteAsync(greeting, limit.Token).ConfigureAwait(false);
            raw.Proven();
            if (unproven.Leave(peer))
            {
                handedOver = true;
                proven(new ControlWire(peer, tls), end);
            }
        }
        catch (Exception e)
        {
            // Nothing a stranger sends, and no way in which the handshake's own code fails over it, ends more than this connection.
            if (!closed.IsCancellationRequested)
            {
                refused($"{from} was refused on the control port: {(e is OperationCanceledException ? "no proof in time" : e.Message)}");
            }
        }
        finally
        {
            unproven.Leave(peer);
            if (!handedOver)
            {
                if (tls is not null)
                {
                    await tls.DisposeAsync().ConfigureAwait(false);
                }

                peer.Dispose();
            }
        }
    }
}
