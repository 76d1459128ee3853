namespace MoeActors.Actors.Exchange;

/// <summary>
/// One peer of the table, as long as its incarnation is listed and its connection lasts: waiting (frames queue) → up → ended. An ended link is never revived; a new one takes its place.
/// Owns the send thread; the thread that made the connection becomes the receive thread.
/// </summary>
internal sealed class PeerLink
{
    private readonly SocketExchange owner;
    private readonly ExchangeOptions options;
    private readonly ILinkFaults? faults;
    private readonly TaskCompletionSource connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly object gate = new();
    private volatile IConnection? connecting;
    private volatile Wire? wire;
    private volatile LinkReceiver? reader;
    private Thread? receiver;
    private Thread? sender;
    private bool dialling;
    private volatile bool ended;

    internal PeerLink(SocketExchange owner, ExchangeOptions options, PeerAddress peer, ExchangeCounters counters, ILinkFaults? faults)
    {
        (this.owner, this.options, this.faults, Peer, Counters) = (owner, options, faults, peer, new ExchangeCounters(counters));
        Queue = new SendQueue(Counters, options.EffectiveSpin, options.Heartbeat);

        // Seen by those who wait in ConnectAsync; nobody may.
        _ = connected.Task.ContinueWith(static t => t.Exception, TaskScheduler.Default);
    }

    internal PeerAddress Peer { get; }

    internal ExchangeCounters Counters { get; }

    internal SendQueue Queue { get; }

    /// <summary>Completes when the link is up, fails when it ends before.</summary>
    internal Task Connected => connected.Task;

    internal bool IsUp => wire is not null && !ended;

    internal bool Ended => ended;

    /// <summary>Starts the thread that dials, once.</summary>
    internal void StartDialling(Action<PeerLink> dial)
    {
        lock (gate)
        {
            if (dialling || ended || wire is not null)
            {
                return;
            }

            dialling = true;
        }

        SocketExchange.StartThread($"exchange-in-{Peer.Node}", () => dial(this));
    }

    /// <summary>Sleeps between two attempts to dial, at most until the link's end.</summary>
    internal void Pause(int ms)
    {
        lock (gate)
        {
            if (!ended)
            {
                Monitor.Wait(gate, ms);
            }
        }
    }

    /// <summary>Connects; the link's end cuts the attempt, and the handshake after it, short. A connect to a host that drops packets would last for minutes.</summary>
    internal void Connect(IConnection connection)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(ended, this);
            connecting = connection;
        }

        connection.Connect();
    }

    /// <summary>Takes the wire over and receives until it breaks; returns at once, with the wire disposed, when the link has one already or has ended.</summary>
    internal void Run(Wire fresh, long window)
    {
        ReceiveCredit credit = new(options.CreditBytes, Queue.CreditDue);
        using EmulatedLink link = new(Deliver, $"exchange-link-{Peer.Node}");
        LinkReceiver receiving = new(fresh, Queue, credit, Counters, options, owner.IsCurrent, link.Take);
        LinkSender writer = new(fresh, Queue, credit, Counters, options, Peer, faults);
        lock (gate)
        {
            if (ended || wire is not null)
            {
                fresh.Dispose();
                return;
            }

            fresh.BeginFrames();
            (wire, reader, connecting) = (fresh, receiving, null);
            receiver = Thread.CurrentThread;
            Queue.Open(window);
            sender = SocketExchange.StartThread($"exchange-out-{Peer.Node}", () => Guard(writer.Run));
        }

        connected.TrySetResult();
        Guard(() =>
        {
            receiving.Run();
            throw new IOException("the peer closed the connection");
        });
        if (sender != Thread.CurrentThread)
        {
            sender.Join();
        }

        fresh.Dispose();
    }

    /// <summary>A connection that brings nothing, not even a sign of life, for too long is broken, whatever the sockets say.</summary>
    internal void CheckSilence()
    {
        if (IsUp && reader is { } heard && heard.Silence is var silence && silence > options.Silence)
        {
            End($"nothing came for {silence.TotalSeconds:0.#} s");
        }
    }

    /// <summary>Ends the link: the first reason counts and is reported unless it is null (this side wants it). Never waits.</summary>
    internal void End(string? reason, Exception? failure = null)
    {
        lock (gate)
        {
            if (ended)
            {
                return;
            }

            ended = true;
            Monitor.PulseAll(gate);
        }

        connecting?.Abort();
        wire?.Shutdown();
        Queue.End();
        connected.TrySetException(failure ?? new ExchangeException($"the connection to node {Peer.Node} (incarnation {Peer.Incarnation}) ended: {reason ?? "a new epoch began without it"}"));
        if (reason is not null)
        {
            owner.OnLost(this, reason);
        }
    }

    /// <summary>Waits for the threads of an ended link, unless it is called by one of them.</summary>
    internal void Join(TimeSpan limit)
    {
        if (receiver is not null && receiver != Thread.CurrentThread && sender != Thread.CurrentThread)
        {
            receiver.Join(limit);
        }
    }

    // EP-1: a frame may have been underway while its epoch ended.
    private void Deliver(Ticket frame)
    {
        if (owner.IsCurrent(frame.Header.Run, frame.Header.Epoch))
        {
            owner.Deliver(frame);
            return;
        }

        Counters.DroppedByEpoch.Increment();
        frame.Discard();
    }

    // An IO thread never takes the process down: whatever ends it ends the connection.
    private void Guard(Action body)
    {
        try
        {
            body();
        }
        catch (Exception e) when (e is IOException or ProtocolViolationException)
        {
            End(e.Message);
        }
        catch (Exception e)
        {
            End($"{e.GetType().Name}: {e.Message}");
        }
    }
}
