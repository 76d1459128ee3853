using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Faults.Agent.Injectors;

/// <summary>This node's wall clock jumps, and jumps back when the fault ends. Nothing that is waited for may notice.</summary>
internal sealed class ClockJump(AgentServices node) : FaultInjector(node)
{
    public override string Begin(FaultOrder order)
    {
        Node.Clock.Shift = TimeSpan.FromSeconds(order.Number("seconds"));
        return $"its wall clock jumps by {order.Number("seconds"):0.###} s";
    }

    public override void End(FaultOrder order) => Node.Clock.Shift = TimeSpan.Zero;

    public override (bool Holds, string Text) Probe(FaultOrder order)
    {
        TimeSpan off = Node.Clock.GetUtcNow() - TimeProvider.System.GetUtcNow();
        return (Math.Abs(off.TotalSeconds - order.Number("seconds")) < 0.5, $"its wall clock says {Node.Clock.GetUtcNow():u}, {off.TotalSeconds:0} s off");
    }
}
