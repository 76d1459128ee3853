using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Faults.Agent.Injectors;

/// <summary>The supervisor of this node's process starts one more node, which joins the cluster.</summary>
internal sealed class JoinNode(AgentServices node) : FaultInjector(node)
{
    public override string Begin(FaultOrder order)
    {
        if (Node.StartNode is not { } start)
        {
            throw new FaultRefusedException("nobody here can start a node: this one was not started by moe train; start one by hand with moe node --join");
        }

        start();
        return "its supervisor is asked for one more node";
    }
}
