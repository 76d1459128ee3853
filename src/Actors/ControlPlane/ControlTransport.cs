using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

using Akka.Actor;
using Akka.Configuration;
using Akka.Event;
using Akka.Remote.Transport;

namespace MoeActors.Actors.ControlPlane;

/// <summary>
/// The transport below Akka.Remote, in place of its own: sockets under mutual TLS, always (SE-1). A peer reaches no actor before it has proven the cluster's secret or certificate; a dial that fails fails its
/// association only, and the port is bound by one process alone.
/// </summary>
internal sealed class ControlTransport : Transport
{
    /// <summary>Where its configuration stands.</summary>
    internal const string ConfigPath = "moe.control-transport";

    // Akka measures a message against the limit and wraps it once more.
    private const int EnvelopeBytes = 64;

    private static readonly TimeSpan FarewellTime = TimeSpan.FromSeconds(3);

    private readonly string hostname;
    private readonly int port;
    private readonly TimeSpan connectTime;
    private readonly ControlCredentials credentials;
    private readonly ControlFaults? faults;
    private readonly ILoggingAdapter log;
    private readonly RefusalLog refusals;
    private readonly ConcurrentDictionary<ControlLink, bool> links = new();
    private readonly CancellationTokenSource closed = new();
    private ControlListener? listener;
    private Address? self;

    /// <summary>Akka calls it.</summary>
    public ControlTransport(ActorSystem system, Config config)
    {
        (System, Config) = (system, config);
        hostname = config.GetString("hostname");
        port = config.GetInt("port");
        connectTime = config.GetTimeSpan("connection-timeout");
        ControlTransportSetup setup = system.Settings.Setup.Get<ControlTransportSetup>().Value;
        (credentials, faults) = (setup.Credentials, setup.Faults);
        log = Logging.GetLogger(system, typeof(ControlTransport));
        refusals = new RefusalLog(line => log.Warning("{0}", line));
    }

    /// <inheritdoc/>
    public override string SchemeIdentifier
    {
        get => "tls";
        protected set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override long MaximumPayloadBytes
    {
        get => ControlFrames.MaxPayload - EnvelopeBytes;
        protected set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override async Task<(Address, TaskCompletionSource<IAssociationEventListener>)> Listen()
    {
        IPAddress[] addresses = await ControlDial.AddressesAsync(hostname, closed.Token).ConfigureAwait(false);
        listener = ControlListener.Bind(addresses[0], port, credentials, faults, refusals.Add);
        self = new Address(Protocol, System.Name, hostname, listener.LocalEndPoint.Port);
        var above = new TaskCompletionSource<IAssociationEventListener>(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = above.Task.ContinueWith(
            t => listener.AcceptAsync((wire, end) => t.Result.Notify(new InboundAssociation(Link(wire, new Address(Protocol, System.Name, end.Address.ToString(), end.Port))))),
            CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
        return (self, above);
    }

    /// <inheritdoc/>
    public override bool IsResponsibleFor(Address remote) => true;

    /// <inheritdoc/>
    public override async Task<AssociationHandle> Associate(Address remoteAddress)
    {
        if (faults is { Cut.IsCut: true })
        {
            throw new InvalidAssociationException("the control plane of this node is cut (injected)");
        }

        if (faults is { Break.IsBroken: true })
        {
            throw new InvalidAssociationException("TLS of this node is broken (injected)");
        }

        if (remoteAddress is not { Host: { } host, Port: { } remotePort })
        {
            throw new InvalidAssociationException($"{remoteAddress} names no host and port");
        }

        try
        {
            return Link(await ControlDial.ConnectAsync(host, remotePort, credentials, connectTime, closed.Token).ConfigureAwait(false), remoteAddress);
        }
        catch (Exception e) when (e is DialException or SocketException or OperationCanceledException)
        {
            // The kind of exception that gates this address for a while and touches nothing else.
            throw new InvalidAssociationException(e.Message, e);
        }
    }

    /// <inheritdoc/>
    public override async Task<bool> Shutdown()
    {
        await closed.CancelAsync().ConfigureAwait(false);
        listener?.Dispose();
        ControlLink[] open = [.. links.Keys];
        foreach (ControlLink link in open)
        {
#pragma warning disable CS0618 // The one with a reason logs, where the system's log is ending already.
            link.Disassociate();
#pragma warning restore CS0618
        }

        // What Akka wrote last goes out before the process may end.
        await Task.WhenAny(Task.WhenAll(open.Select(l => l.Ended)), Task.Delay(FarewellTime)).ConfigureAwait(false);
        return true;
    }

    private string Protocol => SchemeIdentifier;

    private ControlLink Link(ControlWire wire, Address remote)
    {
        var link = new ControlLink(wire, self!, remote, faults, l => links.TryRemove(l, out _));
        links.TryAdd(link, true);
        if (closed.IsCancellationRequested)
        {
            link.Abort();
        }

        return link;
    }
}
