using Akka.Actor;
using Akka.Event;
using Akka.Remote;

using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Cluster.Membership;

/// <summary>
/// /user/gateway: where joining nodes and clients come in. Who reaches it has proven the cluster's secret or certificate when it connected (SE-1); here each says first which version and build it is, and only then are its
/// requests handed to the coordinator, those about injected faults to the admin. What comes without a sender to answer is no request. A peer is forgotten with its connection.
/// </summary>
internal sealed class GatewayActor : ReceiveActor
{
    private readonly string secret;
    private readonly bool mixedBuilds;
    private readonly IActorRef coordinator;
    private readonly IActorRef? admin;
    private readonly ILoggingAdapter log = Context.GetLogger();
    private readonly HashSet<Address> welcome = [];

    /// <summary>Opens the gateway.</summary>
    /// <param name="secret">Shared secret.</param>
    /// <param name="mixedBuilds">Whether nodes of another build may join.</param>
    /// <param name="coordinator">Reaches the coordinator.</param>
    /// <param name="admin">Reaches the admin; null where fault injection is off.</param>
    public GatewayActor(string secret, bool mixedBuilds, IActorRef coordinator, IActorRef? admin)
    {
        (this.secret, this.mixedBuilds, this.coordinator, this.admin) = (secret, mixedBuilds, coordinator, admin);
        Receive<AuthenticationRequest>(OnAuthentication);
        Receive<SubmitRun>(Pass);
        Receive<StopRun>(Pass);
        Receive<StatusQuery>(Pass);
        Receive<InjectFault>(m => PassFault(m, new FaultAnswer(false, "", Off)));
        Receive<CancelFault>(m => PassFault(m, new FaultAnswer(false, m.Id, Off)));
        Receive<FaultsQuery>(m => PassFault(m, new FaultsAnswer(false, 0, 0, [])));
        Receive<DisassociatedEvent>(m => welcome.Remove(m.RemoteAddress));
    }

    protected override void PreStart() => Context.System.EventStream.Subscribe(Self, typeof(DisassociatedEvent));

    private void OnAuthentication(AuthenticationRequest m)
    {
        string? refusal = AuthenticationProof.Check(m, secret, mixedBuilds);
        if (refusal is null)
        {
            welcome.Add(Sender.Path.Address);
        }
        else
        {
            log.Warning("{0} refused: {1}", Sender.Path.Address, refusal);
        }

        Sender.Tell(new AuthenticationAnswer(refusal, refusal is null ? AuthenticationProof.Answer(m.Nonce, secret) : ""));
    }

    private const string Off = "fault injection is off on this cluster: start its nodes with faults.enabled = on";

    private void Pass(object message) => Pass(message, coordinator.Forward);

    /// <summary>AD-1: only an authenticated peer, and only where it is enabled.</summary>
    private void PassFault(object message, object off) => Pass(message, m =>
    {
        if (admin is null)
        {
            Sender.Tell(off);
        }
        else
        {
            admin.Forward(m);
        }
    });

    private void Pass(object message, Action<object> on)
    {
        if (Sender.Equals(Context.System.DeadLetters))
        {
            log.Warning("{0} without a sender is refused", message.GetType().Name);
        }
        else if (Sender.Path.Address.HasLocalScope || welcome.Contains(Sender.Path.Address))
        {
            on(message);
        }
        else
        {
            log.Warning("{0} sent {1} without having authenticated itself", Sender.Path.Address, message.GetType().Name);
        }
    }
}
