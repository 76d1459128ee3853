using Akka.Actor;
using Akka.Event;

using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Cluster;

/// <summary>
/// /user/gateway: the door for joining nodes and clients. Each first proves the shared secret and its version; only then are its requests
/// handed to the coordinator.
/// </summary>
internal sealed class GatewayActor : ReceiveActor
{
    private readonly string secret;
    private readonly IActorRef coordinator;
    private readonly ILoggingAdapter log = Context.GetLogger();
    private readonly HashSet<Address> welcome = [];

    public GatewayActor(string secret, IActorRef coordinator)
    {
        (this.secret, this.coordinator) = (secret, coordinator);
        Receive<Knock>(OnKnock);
        Receive<SubmitRun>(Pass);
        Receive<StopRun>(Pass);
        Receive<StatusQuery>(Pass);
    }

    private void OnKnock(Knock m)
    {
        string? refusal = KnockProof.Check(m, secret);
        if (refusal is null)
        {
            welcome.Add(Sender.Path.Address);
        }
        else
        {
            log.Warning("{0} refused: {1}", Sender.Path.Address, refusal);
        }

        Sender.Tell(new KnockAnswer(refusal, refusal is null ? KnockProof.Answer(m.Nonce, secret) : ""));
    }

    private void Pass(object message)
    {
        if (Sender.Path.Address.HasLocalScope || welcome.Contains(Sender.Path.Address))
        {
            coordinator.Forward(message);
        }
        else
        {
            log.Warning("{0} sent {1} without having knocked", Sender.Path.Address, message.GetType().Name);
        }
    }
}
