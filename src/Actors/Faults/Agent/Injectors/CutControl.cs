using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Faults.Agent.Injectors;

/// <summary>The control plane of this node is silent, both ways; its data plane lives.</summary>
internal sealed class CutControl(AgentServices node) : FaultInjector(node)
{
    public override string Begin(FaultOrder order)
    {
        Node.Control.Cut.Cut(order.Duration());
        return "its control plane is silent";
    }

    public override void End(FaultOrder order) => Node.Control.Cut.Heal();
}
