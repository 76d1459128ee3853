using System.Collections.Concurrent;
using Akka.Actor;
using MoeActors.Actors.Exchange;

namespace MoeActors.Actors.Tests.Exchange;

/// <summary>An actor reference that keeps what it is told.</summary>
internal sealed class MailboxRef : MinimalActorRef
{
    private readonly BlockingCollection<Ticket> tickets = [];

    public override ActorPath Path { get; } = new RootActorPath(Address.AllSystems) / "mailbox";

    public override IActorRefProvider Provider => throw new NotSupportedException();

    public int Count => tickets.Count;

    /// <summary>The next ticket; waits for it, at most for a time that only a failure uses up.</summary>
    public Ticket Next() =>
        tickets.TryTake(out Ticket? ticket, TimeSpan.FromSeconds(20)) ? ticket : throw new TimeoutException("no ticket came");

    public bool TryNext([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Ticket? ticket) => tickets.TryTake(out ticket);

    protected override void TellInternal(object message, IActorRef sender) => tickets.Add((Ticket)message);
}
