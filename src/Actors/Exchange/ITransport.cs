namespace MoeActors.Actors.Exchange;

/// <summary>
/// One way to connect nodes: how addresses of its scheme are listened at and dialled. What runs over its connections (handshake, frames, credit, epochs) is the same for all. Thread-safe.
/// </summary>
internal interface ITransport : IDisposable
{
    /// <summary>What its addresses begin with, up to the colon.</summary>
    string Scheme { get; }

    /// <summary>The form of its addresses, for people.</summary>
    string Form { get; }

    /// <summary>Whether a node of this host may reach a peer at <paramref name="address"/> this way.</summary>
    bool MayReach(string address);

    /// <summary>Listens where the options say.</summary>
    /// <exception cref="ExchangeException">It cannot; names the setting.</exception>
    IWireListener Listen();

    /// <summary>A connection to <paramref name="address"/>, to be made by <see cref="IConnection.Connect"/>.</summary>
    /// <param name="address">One that <see cref="MayReach"/> accepts.</param>
    /// <exception cref="ExchangeException">Its host has no number.</exception>
    IConnection Dial(string address);
}

/// <summary>Where peers connect. One thread accepts; any may dispose it.</summary>
internal interface IWireListener : IDisposable
{
    /// <summary>What peers are told to dial.</summary>
    string Address { get; }

    /// <summary>The next connection, made but not open; null once disposed.</summary>
    IConnection? Accept();
}

/// <summary>A connection before bytes flow. One thread uses it; any may abort it.</summary>
internal interface IConnection : IDisposable
{
    /// <summary>Which host it is from: strangers of one share their places.</summary>
    string From { get; }

    /// <summary>Makes a dialled connection. Errors are <see cref="IOException"/> and <see cref="System.Net.Sockets.SocketException"/>.</summary>
    void Connect();

    /// <summary>Does what the transport itself has to do before bytes flow; the wire owns the connection from here on, also when it throws.</summary>
    Wire Open();

    /// <summary>Makes every call that waits on it, or is about to, return. Its user disposes it.</summary>
    void Abort();
}

/// <summary>The transports of one node.</summary>
/// <param name="Own">The one that it listens with.</param>
/// <param name="All">Those that it can dial with.</param>
internal sealed record TransportSet(ITransport Own, IReadOnlyList<ITransport> All) : IDisposable
{
    /// <summary>The transport for a peer's address.</summary>
    /// <exception cref="ExchangeException">None of them can reach it.</exception>
    public ITransport For(string address) =>
        All.FirstOrDefault(t => t.MayReach(address))
        ?? throw new ExchangeException($"exchange address \"{address}\": expected {string.Join(" or ", All.Select(t => t.Form))}");

    public void Dispose()
    {
        foreach (ITransport transport in All.Append(Own).Distinct())
        {
            transport.Dispose();
        }
    }
}
