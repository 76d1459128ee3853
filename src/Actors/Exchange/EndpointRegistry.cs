using System.Collections.Concurrent;
using Akka.Actor;

namespace MoeActors.Actors.Exchange;

/// <summary>The actors of this node by endpoint. Thread-safe.</summary>
internal sealed class EndpointRegistry(ExchangeCounters counters)
{
    private readonly ConcurrentDictionary<uint, Registration> registrations = new();

    internal void Register(Endpoint endpoint, IActorRef actor)
    {
        Registration fresh = new(actor);
        Registration? old = null;
        registrations.AddOrUpdate(endpoint.Packed, fresh, (_, existing) =>
        {
            // The same actor again, as after a restart: its mailbox and the tickets in it live on.
            old = existing.Actor.Equals(actor) ? null : existing;
            return old is null ? existing : fresh;
        });
        old?.Close();
    }

    internal void Unregister(Endpoint endpoint)
    {
        if (registrations.TryRemove(endpoint.Packed, out Registration? old))
        {
            old.Close();
        }
    }

    /// <summary>Hands the ticket to its actor, or discards and counts it where there is none.</summary>
    internal void Deliver(Ticket ticket)
    {
        if (!registrations.TryGetValue(ticket.Header.Destination, out Registration? registration) || !registration.Deliver(ticket))
        {
            counters.DroppedUnknown.Increment();
            ticket.Discard();
        }
    }

    internal void Close()
    {
        foreach (uint endpoint in registrations.Keys)
        {
            Unregister(Endpoint.FromPacked(endpoint));
        }
    }
}
