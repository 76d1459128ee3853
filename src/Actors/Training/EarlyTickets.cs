using MoeActors.Actors.Exchange;

namespace MoeActors.Actors.Training;

/// <summary>
/// Tickets of steps that their receiver has not begun: nodes go on to the next step each on its own, so a fast one's messages overtake a slow
/// one's weights. Owns the tensors; used on the compute thread only.
/// </summary>
internal sealed class EarlyTickets
{
    private readonly List<Ticket> waiting = [];

    /// <summary>Takes the ticket over, out of the exchange's credit: else its sender's window would stay closed.</summary>
    public void Keep(Ticket ticket) => waiting.Add(new Ticket(ticket.Header, ticket.Meta, ticket.Take()));

    /// <summary>Hands back what came early for <paramref name="step"/>, in order of arrival; older ones are freed, later ones stay.</summary>
    public IReadOnlyList<Ticket> Of(long step)
    {
        Ticket[] all = [.. waiting];
        waiting.Clear();
        waiting.AddRange(all.Where(t => t.Header.Step > step));
        foreach (Ticket old in all.Where(t => t.Header.Step < step))
        {
            old.Discard();
        }

        return [.. all.Where(t => t.Header.Step == step)];
    }

    /// <summary>Frees all of them.</summary>
    public void Discard()
    {
        foreach (Ticket ticket in waiting)
        {
            ticket.Discard();
        }

        waiting.Clear();
    }
}
