using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

using MoeActors.Actors.Exchange;

namespace MoeActors.Actors.ControlPlane;

/// <summary>Why a dial failed.</summary>
internal enum DialFailure
{
    /// <summary>Nothing listens there, or the host does not exist or answer.</summary>
    Unreachable,

    /// <summary>Something listens, and the handshake did not come to its end: what listens is no node, or it ended meanwhile.</summary>
    Broken,

    /// <summary>What listens has not proven itself: another secret or certificate, or another version.</summary>
    Strange,
}

/// <summary>A dial that failed; the message is ready for people.</summary>
internal sealed class DialException(DialFailure failure, string message, Exception? cause = null) : IOException(message, cause)
{
    internal DialFailure Failure => failure;
}

/// <summary>Connects to a node's control port: TCP, TLS, greeting. A dial that fails fails alone.</summary>
internal static class ControlDial
{
    /// <summary>Longest that a handshake may take once the connection stands: a process that has just started, on a busy machine, needs a second or two.</summary>
    internal static readonly TimeSpan HandshakeTime = TimeSpan.FromSeconds(5);

    /// <summary>An open, proven connection; the caller owns it. Throws <see cref="DialException"/>.</summary>
    internal static async Task<ControlWire> ConnectAsync(string host, int port, ControlCredentials credentials, TimeSpan connectTime, CancellationToken cancellation)
    {
        Socket socket = await DialAsync(host, port, connectTime, cancellation).ConfigureAwait(false);
        HandshakeStream raw = new(new NetworkStream(socket, ownsSocket: true), credentials.HandshakeLimit);
        var tls = new SslStream(raw);
        bool strange = false;
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            limit.CancelAfter(HandshakeTime);
            await tls.AuthenticateAsClientAsync(credentials.Client(host, () => strange = true), limit.Token).ConfigureAwait(false);
            byte[] greeting = new byte[ControlFrames.GreetingBytes];
            await tls.ReadExactlyAsync(greeting, limit.Token).ConfigureAwait(false);
            if (ControlFrames.CheckGreeting(greeting) is { } wrong)
            {
                throw new DialException(DialFailure.Strange, $"{host}:{port}: {wrong}");
            }

            raw.Proven();
            return new ControlWire(socket, tls);
        }
        catch (Exception e) when (IsEndOfHandshake(e) && !cancellation.IsCancellationRequested)
        {
            await tls.DisposeAsync().ConfigureAwait(false);
            throw strange
                ? new DialException(DialFailure.Strange, $"{host}:{port} {(credentials.FromSecret ? "has another secret: give both sides the same cluster.secret" : "shows a certificate that is not of the cluster's authority (cluster.tls.authority) or not for that host")}", e)
                : new DialException(DialFailure.Broken, $"{host}:{port} broke off the handshake: it is no node, does not accept this side's {(credentials.FromSecret ? "secret" : "certificate")}, or has just ended ({e.Message})", e);
        }
        catch
        {
            await tls.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Whether an exception is what a peer can make a handshake end with.</summary>
    internal static bool IsEndOfHandshake(Exception e) => e is AuthenticationException or IOException and not DialException or OperationCanceledException or ObjectDisposedException or InvalidOperationException;

    /// <summary>The addresses of a host, IPv4 first; the unspecified address is this machine.</summary>
    internal static async Task<IPAddress[]> AddressesAsync(string host, CancellationToken cancellation)
    {
        IPAddress[] found = IPAddress.TryParse(host, out IPAddress? given) ? [given] : await Dns.GetHostAddressesAsync(host, cancellation).ConfigureAwait(false);
        return [.. found.OrderBy(a => a.AddressFamily == AddressFamily.InterNetworkV6)];
    }

    private static async Task<Socket> DialAsync(string host, int port, TimeSpan connectTime, CancellationToken cancellation)
    {
        Exception? last = null;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(connectTime);
        try
        {
            foreach (IPAddress address in await AddressesAsync(host, limit.Token).ConfigureAwait(false))
            {
                var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                try
                {
                    await socket.ConnectAsync(new IPEndPoint(ControlListener.Reachable(address), port), limit.Token).ConfigureAwait(false);
                    ControlWire.Prepare(socket);
                    return socket;
                }
                catch (SocketException e)
                {
                    socket.Dispose();
                    last = e;
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            }
        }
        catch (SocketException e)
        {
            last = e;
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            last = new TimeoutException($"no answer within {connectTime.TotalSeconds:0.#} s", e);
        }

        throw new DialException(DialFailure.Unreachable, $"{host}:{port} cannot be reached: {last?.Message ?? "the host has no address"}", last);
    }
}
