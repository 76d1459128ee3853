using System.Diagnostics;
using Akka.Actor;
using static TorchSharp.torch;

namespace MoeActors.Actors.Exchange;

/// <summary>
/// The data plane: one connection per pair of nodes over whatever transport reaches it, with one receive and one send thread of its own.
/// </summary>
/// <remarks>
/// Managed memory per received message: the ticket, its meta array where there is meta, the tensor's handle object and the mailbox's envelope. Sending allocates nothing
/// that lasts; payloads are never copied in managed memory. Handshakes allocate freely.
/// The connection is authenticated by the shared secret when it is made; frames are protected against damage, not against a forger on the network: use TLS there.
/// </remarks>
internal sealed class SocketExchange : IExchange
{
    private readonly ExchangeOptions options;
    private readonly ILinkFaults? faults;
    private readonly ExchangeCounters counters = new();
    private readonly EndpointRegistry registry;
    private readonly ConnectionListener connections;
    private readonly TransportSet transports;
    private readonly LinkDialler dialler;
    private readonly DelayLine? delays;
    private readonly Timer? silence;
    private readonly object gate = new();
    private EpochState? current;
    private bool disposed;

    /// <summary>Listens at once.</summary>
    /// <param name="options">Settings, valid.</param>
    /// <param name="transports">How peers are reached; ownership passes unless this throws.</param>
    /// <param name="faults">Injected faults; null: none.</param>
    /// <exception cref="ExchangeException">A setting cannot be; names it.</exception>
    internal SocketExchange(ExchangeOptions options, TransportSet transports, ILinkFaults? faults)
    {
        (this.options, this.transports, this.faults) = (options, transports, faults);
        registry = new EndpointRegistry(counters);
        dialler = new LinkDialler(this, options, transports);
        connections = new ConnectionListener(this, options, transports.Own);
        delays = faults is null ? null : new DelayLine(frame => Route(in frame));
        connections.Open(dialler.Serve);
        if (options.Silence > TimeSpan.Zero)
        {
            TimeSpan look = options.Silence / 8;
            silence = new Timer(_ => CheckSilence(), null, look, look);
        }
    }

    /// <inheritdoc/>
    public event Action<PeerLost>? PeerFailed;

    /// <summary>One line for the log: refused connections, with the reason. Raised from IO threads.</summary>
    public event Action<string>? Notice;

    /// <inheritdoc/>
    public string LocalAddress => connections.Address;

    /// <inheritdoc/>
    public ExchangeStatistics Statistics => StatisticsOf.Snapshot(counters, Volatile.Read(ref current));

    /// <inheritdoc/>
    public void BeginEpoch(ExchangeTable table)
    {
        EpochState.Check(table);
        foreach (PeerAddress peer in table.Peers.Where(p => p.Node != table.Self))
        {
            transports.For(peer.Address);
        }

        List<PeerLink> gone = [];
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            EpochState? old = current;
            if (old is not null && old.Table.Run == table.Run && table.Epoch < old.Table.Epoch)
            {
                throw new InvalidOperationException($"EP-1: epoch {table.Epoch} cannot begin after epoch {old.Table.Epoch} of the same run");
            }

            Dictionary<string, PeerLink> kept = [];
            foreach (PeerLink link in old?.Links.OfType<PeerLink>() ?? [])
            {
                bool listed = table.Run == old!.Table.Run && old.SelfIncarnation == table.Peers[table.Self].Incarnation
                    && table.Peers.Any(p => p.Incarnation == link.Peer.Incarnation && p.Address == link.Peer.Address && p.Node != table.Self);
                if (listed && !link.Ended)
                {
                    kept.Add(link.Peer.Incarnation, link);
                }
                else
                {
                    gone.Add(link);
                }
            }

            PeerLink?[] links = new PeerLink?[table.Peers.Count];
            foreach (PeerAddress peer in table.Peers)
            {
                links[peer.Node] = peer.Node == table.Self ? null : kept.TryGetValue(peer.Incarnation, out PeerLink? link) ? link : NewLink(peer);
            }

            Volatile.Write(ref current, new EpochState(table, links));
            Array.ForEach(links, l => l?.Queue.BeginEpoch(table.Run, table.Epoch));
            Monitor.PulseAll(gate);
        }

        gone.ForEach(l => l.End(null));
        delays?.Flush();
    }

    /// <inheritdoc/>
    public async Task ConnectAsync(CancellationToken ct)
    {
        List<PeerLink> links = [];
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            EpochState state = current ?? throw new InvalidOperationException("no epoch has begun");
            for (int node = 0; node < state.Links.Length; node++)
            {
                if (state.Links[node] is { } link)
                {
                    links.Add(link.Ended ? Renew(state, link) : link);
                    if (string.CompareOrdinal(state.SelfIncarnation, link.Peer.Incarnation) < 0)
                    {
                        links[^1].StartDialling(dialler.Dial);
                    }
                }
            }
        }

        List<Task> pending = links.ConvertAll(l => l.Connected);
        try
        {
            while (pending.Count > 0)
            {
                Task done = await Task.WhenAny(pending).WaitAsync(ct).ConfigureAwait(false);
                await done.ConfigureAwait(false);
                pending.Remove(done);
            }
        }
        catch (OperationCanceledException e)
        {
            string missing = string.Join(", ", links.Where(l => !l.IsUp).Select(l => $"node {l.Peer.Node} at {l.Peer.Address}"));
            throw new OperationCanceledException($"not connected in time: {missing}", e, ct);
        }
    }

    /// <inheritdoc/>
    public void Register(Endpoint endpoint, IActorRef actor) => registry.Register(endpoint, actor);

    /// <inheritdoc/>
    public void Unregister(Endpoint endpoint) => registry.Unregister(endpoint);

    /// <inheritdoc/>
    public void Send(in FrameHeader header, int[] meta, Tensor? payload)
    {
        Outgoing frame = Outgoing.Prepare(in header, meta, payload);
        if (faults is not null && Volatile.Read(ref current) is { } state && state.NodeOf.TryGetValue(header.Destination, out int node))
        {
            TimeSpan delay = faults.DelayOf(in frame.Header, state.Table.Peers[node]);
            if (delay > TimeSpan.Zero)
            {
                delays!.Add(in frame, delay);
                return;
            }
        }

        Route(in frame);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        EpochState? last;
        lock (gate)
        {
            if (disposed)
            {
                return;
            }

            disposed = true;
            (last, current) = (current, null);
            Monitor.PulseAll(gate);
        }

        silence?.Dispose();
        connections.Dispose();
        delays?.Dispose();
        PeerLink[] links = [.. last?.Links.OfType<PeerLink>() ?? []];
        Array.ForEach(links, l => l.End(null));
        Array.ForEach(links, l => l.Join(TimeSpan.FromSeconds(5)));
        registry.Close();
        transports.Dispose();
    }

    internal bool IsCurrent(ulong run, int epoch) => Volatile.Read(ref current) is { } state && state.Is(run, epoch);

    internal void Deliver(Ticket ticket) => registry.Deliver(ticket);

    /// <summary>Starts a background thread of the exchange.</summary>
    internal static Thread StartThread(string name, Action body)
    {
        Thread thread = new(() => body(), maxStackSize: 512 << 10) { IsBackground = true, Name = name };
        thread.Start();
        return thread;
    }

    /// <summary>This node as the peer of a link knows it; null when the present epoch does not list the link.</summary>
    internal PeerIdentity? SelfIn(PeerLink link) =>
        Volatile.Read(ref current) is { } state && state.NodeOfLink(link) >= 0 ? Identity(state) : null;

    /// <summary>Decides about an authenticated dialler; waits, within limits, for this node to begin the epoch that lists it.</summary>
    internal Admission Admit(PeerIdentity peer, out PeerLink? link)
    {
        long until = Stopwatch.GetTimestamp() + (long)(Math.Min(options.TableWait.TotalSeconds, options.HandshakeTimeout.TotalSeconds / 2) * Stopwatch.Frequency);
        lock (gate)
        {
            while (true)
            {
                link = current?.Table.Run == peer.Run ? Array.Find(current.Links, l => l?.Peer.Incarnation == peer.Incarnation) : null;
                if (link is not null)
                {
                    return new Admission(Identity(current!), default, "");
                }

                TimeSpan left = TimeSpan.FromSeconds((double)(until - Stopwatch.GetTimestamp()) / Stopwatch.Frequency);
                if (disposed || left <= TimeSpan.Zero)
                {
                    return current is not null && current.Table.Run != peer.Run
                        ? new Admission(null, RefusalCode.OtherRun, $"node {peer.Node} belongs to run {peer.Run:x16}, the listening node to run {current.Table.Run:x16}")
                        : new Admission(null, RefusalCode.NotListed, $"incarnation {peer.Incarnation} is not in the listening node's table");
                }

                Monitor.Wait(gate, left);
            }
        }
    }

    /// <summary>The link itself, or its successor when it has a connection already: the peer would not dial again if that one still lived.</summary>
    internal PeerLink Renewed(PeerLink link)
    {
        if (link.IsUp)
        {
            link.End("the peer connected anew");
        }

        lock (gate)
        {
            return link.Ended && current is not null ? Renew(current, link) : link;
        }
    }

    /// <summary>Whether an injected fault lets no connection to the peer be made.</summary>
    internal bool IsCut(PeerAddress peer) => faults?.Cuts(peer) ?? false;

    internal void OnRefused(string reason)
    {
        counters.Refused.Increment();
        Say(reason);
    }

    /// <summary>Reports the end of a link that the present epoch wants.</summary>
    internal void OnLost(PeerLink link, string reason)
    {
        int node = Volatile.Read(ref current)?.NodeOfLink(link) ?? -1;
        if (node >= 0)
        {
            try
            {
                PeerFailed?.Invoke(new PeerLost(node, link.Peer.Incarnation, reason) { Ended = link.Ended });
            }
            catch (Exception e)
            {
                // A handler's fault must not end an IO thread, and with it the process.
                Say($"a handler of PeerFailed threw {e.GetType().Name}: {e.Message}");
            }
        }
    }

    private void CheckSilence()
    {
        foreach (PeerLink? link in Volatile.Read(ref current)?.Links ?? [])
        {
            link?.CheckSilence();
        }
    }

    private void Say(string line)
    {
        try
        {
            Notice?.Invoke(line);
        }
        catch (Exception)
        {
            // There is nowhere left to tell it.
        }
    }

    private PeerIdentity Identity(EpochState state) => new(state.Table.Run, state.Table.Self, options.CreditBytes, state.SelfIncarnation);

    private PeerLink NewLink(PeerAddress peer) => new(this, options, peer, counters, faults);

    // Under the gate.
    private PeerLink Renew(EpochState state, PeerLink ended)
    {
        int node = state.NodeOfLink(ended);
        if (node < 0)
        {
            return Array.Find(state.Links, l => l?.Peer.Incarnation == ended.Peer.Incarnation && !l.Ended) ?? ended;
        }

        PeerLink fresh = NewLink(state.Table.Peers[node]);
        fresh.Queue.BeginEpoch(state.Table.Run, state.Table.Epoch);
        Volatile.Write(ref state.Links[node], fresh);
        return fresh;
    }

    private void Route(in Outgoing frame)
    {
        EpochState? state = Volatile.Read(ref current);
        if (state is null || !state.Is(frame.Header.Run, frame.Header.Epoch))
        {
            counters.DroppedByEpoch.Increment();
            frame.Payload?.Dispose();
        }
        else if (!state.NodeOf.TryGetValue(frame.Header.Destination, out int node))
        {
            counters.DroppedUnknown.Increment();
            frame.Payload?.Dispose();
        }
        else if (Volatile.Read(ref state.Links[node]) is { } link)
        {
            link.Queue.Add(in frame);
        }
        else
        {
            counters.LocalFrames.Increment();
            counters.LocalBytes.Add(frame.Header.PayloadBytes);
            registry.Deliver(new Ticket(in frame.Header, frame.Meta, frame.Payload));
        }
    }
}
