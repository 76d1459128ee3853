using MoeActors.Actors.Exchange;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Faults.Agent.Injectors;

/// <summary>A fault of what this node sends to another over the data plane.</summary>
/// <param name="node">The node.</param>
/// <param name="fault">The fault of an order.</param>
internal sealed class LinkInjector(AgentServices node, Func<FaultOrder, LinkFault> fault) : FaultInjector(node)
{
    public override string Begin(FaultOrder order)
    {
        Node.Links.Set(order.Id, order.Nodes[1].Name, fault(order));
        return $"{order.Kind} of what goes to {order.Nodes[1].Name}";
    }

    public override void End(FaultOrder order) => Node.Links.Clear(order.Id);

    public override (bool Holds, string Text) Probe(FaultOrder order)
    {
        long hit = Node.Links.Hits(order.Id);
        return (hit > 0, $"{hit} frames or connections to {order.Nodes[1].Name} were hit");
    }
}
