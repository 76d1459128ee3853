using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Akka.Actor;
using MoeActors.Actors.Exchange;

namespace MoeActors.Bench.Workers;

/// <summary>An actor reference that queues what it is told for the one thread that computes.</summary>
internal sealed class Mailbox : MinimalActorRef
{
    private readonly BlockingCollection<Ticket> tickets = [];

    public override ActorPath Path { get; } = new RootActorPath(Address.AllSystems) / "bench";

    public override IActorRefProvider Provider => throw new NotSupportedException();

    /// <summary>The next ticket; waits for it.</summary>
    public Ticket Next() => tickets.TryTake(out Ticket? ticket, TimeSpan.FromMinutes(2)) ? ticket : throw new TimeoutException("the other process sent nothing for two minutes");

    /// <summary>The next ticket, where there is one.</summary>
    public bool TryNext([NotNullWhen(true)] out Ticket? ticket) => tickets.TryTake(out ticket);

    protected override void TellInternal(object message, IActorRef sender) => tickets.Add((Ticket)message);
}
