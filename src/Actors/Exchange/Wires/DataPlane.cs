namespace MoeActors.Actors.Exchange.Wires;

/// <summary>Makes a node's data plane over the transports there are: the catalogue of them.</summary>
internal static class DataPlane
{
    /// <summary>Listens at once.</summary>
    /// <param name="options">Settings.</param>
    /// <param name="faults">Injected faults; null: none.</param>
    /// <exception cref="ExchangeException">A setting cannot be; names it.</exception>
    public static SocketExchange Open(ExchangeOptions options, ILinkFaults? faults = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        TransportSet transports = TransportsOf(options);
        try
        {
            return new SocketExchange(options, transports, faults);
        }
        catch
        {
            transports.Dispose();
            throw;
        }
    }

    /// <summary>The transports of a node with these options.</summary>
    internal static TransportSet TransportsOf(ExchangeOptions options)
    {
        ITransport[] all = [new UnixTransport(options), new TcpTransport(options)];
        string scheme = options.Listen.Split(':')[0];
        ITransport own = Array.Find(all, t => t.Scheme == scheme)
            ?? throw new ExchangeException($"the data plane cannot listen on {options.Listen}: expected \"unix\" or \"tcp:host:port\"");
        return new TransportSet(own, all);
    }
}
