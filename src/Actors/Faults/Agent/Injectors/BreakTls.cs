using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Faults.Agent.Injectors;

/// <summary>The node's control connections are torn, and no handshake of it comes to its end; its data plane lives.</summary>
internal sealed class BreakTls(AgentServices node) : FaultInjector(node)
{
    public override string Begin(FaultOrder order)
    {
        Node.Control.Break.Begin(order.Duration());
        return "its control connections are torn, new ones break in their handshakes";
    }

    public override void End(FaultOrder order) => Node.Control.Break.Heal();
}
