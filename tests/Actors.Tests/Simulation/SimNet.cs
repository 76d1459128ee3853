using MoeActors.Actors.Exchange;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>
/// The network. Control messages travel at most once, in order between two ends; while it is lossy they are lost, doubled or late. Data travels on connections with the product's
/// frame headers and rules: what is missing, double or out of order breaks the connection.
/// </summary>
internal sealed class SimNet(SimWorld world)
{
    private readonly Dictionary<(string, string), SimLink> links = [];
    private readonly Dictionary<(string, string), long> last = [];
    private readonly HashSet<(int, int)> cut = [];
    private readonly HashSet<int> apart = [];

    /// <summary>Until then control messages are lost, doubled and late.</summary>
    public long LossyUntil { get; set; }

    /// <summary>Until then data frames take long.</summary>
    public long SlowUntil { get; set; }

    /// <summary>What happens to the next data frame; null = nothing.</summary>
    public SimFaultKind? NextFrame { get; set; }

    /// <summary>Whether two hosts reach each other.</summary>
    public bool Reaches(int a, int b, bool control) => a == b || (apart.Contains(a) == apart.Contains(b) && !(control && cut.Contains((Math.Min(a, b), Math.Max(a, b)))));

    /// <summary>These hosts cannot reach the others any more; null: all can again.</summary>
    public void Part(IEnumerable<int>? hosts)
    {
        apart.Clear();
        apart.UnionWith(hosts ?? []);
        foreach (SimLink link in links.Values.Where(l => !Reaches(l.A.Host, l.B.Host, control: false)).ToArray())
        {
            Break(link, "partition", 3 * SimClock.Second);
        }
    }

    public void CutControl(int a, int b, bool isCut)
    {
        _ = isCut ? cut.Add((Math.Min(a, b), Math.Max(a, b))) : cut.Remove((Math.Min(a, b), Math.Max(a, b)));
    }

    /// <summary>To whoever is coordinator, as far as the sender knows.</summary>
    public void ToCoordinator(SimProcess from, IControlMessage message)
    {
        if (world.Cluster.CoordinatorFor(from) is { } to)
        {
            Control(from, to, message, () => to.Coordinator?.On(from, message));
        }
    }

    public void ToNode(SimProcess from, NodeIdentity node, IControlMessage message)
    {
        if (world.Processes.TryGetValue(node.Incarnation, out SimProcess? to))
        {
            Control(from, to, message, () => to.OnOrder(message));
        }
    }

    /// <summary>Connects a process with all peers of its epoch; names one that cannot be reached yet.</summary>
    public string? Connect(SimProcess process)
    {
        ExchangeTable table = process.Exchange!.Table;
        string? missing = null;
        foreach (PeerAddress peer in table.Peers.Where(p => p.Node != table.Self))
        {
            SimProcess? other = world.Processes.GetValueOrDefault(peer.Incarnation);
            SimLink? link = links.GetValueOrDefault(Key(process.Identity.Incarnation, peer.Incarnation));
            if (link is { IsBroken: false })
            {
                continue;
            }

            if (other is not { Answers: true } || !Reaches(process.Host, other.Host, control: false) || other.Exchange?.Is(table.Run, table.Epoch) != true)
            {
                missing = peer.Incarnation;
                continue;
            }

            links[Key(process.Identity.Incarnation, peer.Incarnation)] = new SimLink(process, other);
        }

        return missing;
    }

    /// <summary>Sends a frame of the present epoch; what has no connection is lost with it.</summary>
    public void Send(SimProcess from, FrameHeader header, ulong payload, SimContent? piece = null)
    {
        EpochState state = from.Exchange!;
        if (!state.Is(header.Run, header.Epoch))
        {
            return;
        }

        int node = state.NodeOf[header.Destination];
        if (node == state.Table.Self)
        {
            from.Device.OnTicket(new SimTicket(header, payload, piece));
            return;
        }

        if (links.TryGetValue(Key(from.Identity.Incarnation, state.Table.Peers[node].Incarnation), out SimLink? link) && !link.IsBroken)
        {
            SimFaultKind? fault = NextFrame;
            NextFrame = null;
            if (fault == SimFaultKind.DropLink)
            {
                world.Trace?.Add(world.Clock.Now, from.Identity.Incarnation, $"its connection to {link.Other(from).Identity.Incarnation} breaks");
                Break(link, "reset", 50 * SimClock.Millisecond);
                return;
            }

            var ticket = new SimTicket(link.Seal(from, header), payload, piece);
            if (fault == SimFaultKind.LoseFrame)
            {
                return;
            }

            Travel(link, from, ticket, fault == SimFaultKind.ReorderFrame);
            if (fault == SimFaultKind.DuplicateFrame)
            {
                Travel(link, from, new SimTicket(link.Last, payload, piece), false);
            }
        }
    }

    /// <summary>A process died: its connections close.</summary>
    public void Closed(SimProcess process)
    {
        foreach (SimLink link in links.Values.Where(l => !l.IsBroken && (l.A == process || l.B == process)).ToArray())
        {
            Break(link, "closed by the peer", 60 * SimClock.Millisecond);
        }
    }

    private void Travel(SimLink link, SimProcess from, SimTicket ticket, bool late)
    {
        SimProcess to = link.Other(from);
        long at = world.Clock.Now + world.Random.NextInt64(10, 10 + (world.Clock.Now < SlowUntil ? SimClock.Second * 3 / 2 : world.Setup.Latency));
        at = late ? at + (2 * world.Setup.Latency) : link.InOrder(from, at);
        world.Clock.In(at - world.Clock.Now, null, () =>
        {
            // Read from the sender's memory no earlier than now; from here on the receiver's system holds it, also for a process that stands still.
            SimTicket arrived = ticket with { State = ticket.State?.Copy() };
            to.Do(() => Arrive(link, to, arrived));
        });
    }

    private void Arrive(SimLink link, SimProcess to, SimTicket ticket)
    {
        FrameHeader header = ticket.Header;
        if (link.IsBroken)
        {
            return;
        }

        if (world.Seams.Fault(in header, link.Expected(to)) is { } fault)
        {
            world.Trace?.Add(world.Clock.Now, to.Identity.Incarnation, fault);
            Break(link, fault, 50 * SimClock.Millisecond);
            return;
        }

        link.Accept(to);
        if (world.Seams.IsCurrent(to.Exchange!, header))
        {
            to.Device.OnTicket(ticket);
        }
    }

    private void Break(SimLink link, string why, long seenWithin)
    {
        link.IsBroken = true;
        foreach ((SimProcess end, SimProcess peer) in new[] { (link.A, link.B), (link.B, link.A) })
        {
            end.In(world.Random.NextInt64(1, seenWithin), () => world.Cluster.Suspect(end, peer, why));
        }
    }

    private void Control(SimProcess from, SimProcess to, IControlMessage message, Action deliver)
    {
        bool lossy = world.Clock.Now < LossyUntil && from != to;
        if (lossy && world.Random.Next(6) == 0)
        {
            world.Trace?.Add(world.Clock.Now, from.Identity.Incarnation, $"→ {to.Identity.Incarnation} LOST {SimText.Of(message)}");
            return;
        }

        long at = world.Clock.Now + world.Random.NextInt64(20, 20 + world.Setup.Latency) + (lossy && world.Random.Next(4) == 0 ? world.Random.NextInt64(1, 800) * SimClock.Millisecond : 0);
        (string, string) pair = (from.Identity.Incarnation, to.Identity.Incarnation);
        at = Math.Max(at, last.GetValueOrDefault(pair) + 1);
        last[pair] = at;
        for (int copies = lossy && world.Random.Next(3) == 0 ? 2 : 1; copies > 0; copies--)
        {
            world.Clock.In(at - world.Clock.Now + ((copies - 1) * world.Random.NextInt64(1, 2000) * SimClock.Millisecond), to, () =>
            {
                if (Reaches(from.Host, to.Host, control: true))
                {
                    if (message is not NodeHello and not HelloAnswer)
                    {
                        world.Trace?.Add(world.Clock.Now, to.Identity.Incarnation, $"← {from.Identity.Incarnation} {SimText.Of(message)}");
                    }

                    deliver();
                }
            });
        }
    }

    private static (string, string) Key(string a, string b) => string.CompareOrdinal(a, b) < 0 ? (a, b) : (b, a);
}
