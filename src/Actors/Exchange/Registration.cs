using Akka.Actor;

namespace MoeActors.Actors.Exchange;

/// <summary>One registered actor and the tickets it has been told of but has neither taken nor discarded. Thread-safe.</summary>
internal sealed class Registration(IActorRef actor)
{
    private readonly Lock gate = new();
    private Ticket? head;
    private bool closed;

    internal IActorRef Actor => actor;

    /// <summary>Tells the actor; false when the registration has ended, and the ticket stays the caller's.</summary>
    internal bool Deliver(Ticket ticket)
    {
        lock (gate)
        {
            if (closed)
            {
                return false;
            }

            if (ticket.Payload is not null)
            {
                ticket.Holder = this;
                ticket.Next = head;
                if (head is not null)
                {
                    head.Previous = ticket;
                }

                head = ticket;
            }
        }

        actor.Tell(ticket, ActorRefs.NoSender);
        return true;
    }

    internal void Remove(Ticket ticket)
    {
        lock (gate)
        {
            if (ticket.Holder != this)
            {
                return;
            }

            if (ticket.Previous is null)
            {
                head = ticket.Next;
            }
            else
            {
                ticket.Previous.Next = ticket.Next;
            }

            if (ticket.Next is not null)
            {
                ticket.Next.Previous = ticket.Previous;
            }

            (ticket.Previous, ticket.Next, ticket.Holder) = (null, null, null);
        }
    }

    /// <summary>Ends the registration and frees what was not taken.</summary>
    internal void Close()
    {
        while (true)
        {
            Ticket? first;
            lock (gate)
            {
                closed = true;
                first = head;
                if (first is not null)
                {
                    head = first.Next;
                    if (head is not null)
                    {
                        head.Previous = null;
                    }

                    (first.Next, first.Holder) = (null, null);
                }
            }

            if (first is null)
            {
                return;
            }

            first.Discard();
        }
    }
}
