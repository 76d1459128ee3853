using System.Net;
using System.Net.Sockets;

namespace MoeActors.Actors.Exchange;

/// <summary>
/// Listens and serves each connection on a thread of its own, which receives its frames once the handshake is done. Strangers can hold a bounded number of threads
/// for a bounded time, and make room for who comes after them.
/// </summary>
internal sealed class ConnectionListener : IDisposable
{
    private const int MaxStrangers = 64;

    private readonly ListenSocket listener;
    private readonly SocketExchange owner;
    private readonly UnprovenPlaces<Socket> strangers = new(MaxStrangers);
    private readonly TimeSpan limit;
    private volatile bool closed;

    internal ConnectionListener(SocketExchange owner, ExchangeOptions options)
    {
        this.owner = owner;

        // Each step of the handshake has its own limit; this one bounds them together.
        limit = options.HandshakeTimeout * 2;
        listener = new ListenSocket(options);
    }

    internal string Address => listener.Address;

    /// <summary>Begins to accept; <paramref name="serve"/> gets the socket and what to call once its peer is known.</summary>
    internal void Open(Action<Socket, Action> serve) => SocketExchange.StartThread("exchange-listen", () => Accept(serve));

    public void Dispose()
    {
        closed = true;
        listener.Dispose();
        Array.ForEach(strangers.Clear(), SocketWire.Abort);
    }

    private void Accept(Action<Socket, Action> serve)
    {
        while (listener.Accept() is { } socket)
        {
            if (strangers.Take(socket, AddressOf(socket)) is { } ousted)
            {
                SocketWire.Abort(ousted);
            }

            if (closed)
            {
                // Closed while this one was taken in: it may have come after the others were ended.
                SocketWire.Abort(socket);
            }

            SocketExchange.StartThread("exchange-in", () => Serve(socket, serve));
        }
    }

    private void Serve(Socket socket, Action<Socket, Action> serve)
    {
        using Timer late = new(static s => SocketWire.Abort((Socket)s!), socket, limit, Timeout.InfiniteTimeSpan);
        void Known()
        {
            late.Change(Timeout.Infinite, Timeout.Infinite);
            strangers.Leave(socket);
        }

        try
        {
            serve(socket, Known);
        }
        catch (Exception e)
        {
            // Nothing a stranger sends takes the process down.
            owner.OnRefused($"a connection ended: {e.GetType().Name}: {e.Message}");
        }
        finally
        {
            Known();
        }
    }

    private static string AddressOf(Socket socket)
    {
        try
        {
            return socket.RemoteEndPoint is IPEndPoint ip ? ip.Address.ToString() : "unix";
        }
        catch (SocketException)
        {
            return "gone";
        }
    }
}
