namespace MoeActors.Actors.Exchange;

/// <summary>
/// Listens and serves each connection on a thread of its own, which receives its frames once the handshake is done. Strangers can hold a bounded number of threads
/// for a bounded time, and make room for who comes after them.
/// </summary>
internal sealed class ConnectionListener : IDisposable
{
    private const int MaxStrangers = 64;

    private readonly IWireListener listener;
    private readonly SocketExchange owner;
    private readonly UnprovenPlaces<IConnection> strangers = new(MaxStrangers);
    private readonly TimeSpan limit;
    private volatile bool closed;

    internal ConnectionListener(SocketExchange owner, ExchangeOptions options, ITransport transport)
    {
        this.owner = owner;

        // Each step of the handshake has its own limit; this one bounds them together.
        limit = options.HandshakeTimeout * 2;
        listener = transport.Listen();
    }

    internal string Address => listener.Address;

    /// <summary>Begins to accept; <paramref name="serve"/> gets the connection and what to call once its peer is known.</summary>
    internal void Open(Action<IConnection, Action> serve) => SocketExchange.StartThread("exchange-listen", () => Accept(serve));

    public void Dispose()
    {
        closed = true;
        listener.Dispose();
        Array.ForEach(strangers.Clear(), s => s.Abort());
    }

    private void Accept(Action<IConnection, Action> serve)
    {
        while (listener.Accept() is { } connection)
        {
            strangers.Take(connection, connection.From)?.Abort();

            if (closed)
            {
                // Closed while this one was taken in: it may have come after the others were ended.
                connection.Abort();
            }

            SocketExchange.StartThread("exchange-in", () => Serve(connection, serve));
        }
    }

    private void Serve(IConnection connection, Action<IConnection, Action> serve)
    {
        using Timer late = new(static c => ((IConnection)c!).Abort(), connection, limit, Timeout.InfiniteTimeSpan);
        void Known()
        {
            late.Change(Timeout.Infinite, Timeout.Infinite);
            strangers.Leave(connection);
        }

        try
        {
            serve(connection, Known);
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
}
