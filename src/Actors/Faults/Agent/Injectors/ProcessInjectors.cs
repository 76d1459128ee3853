using System.Diagnostics;

using MoeActors.Actors.Diagnostics;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Faults.Agent.Injectors;

/// <summary>SIGKILL to this process.</summary>
internal sealed class KillProcess(AgentServices node) : FaultInjector(node)
{
    public override string Begin(FaultOrder order)
    {
        Node.Node.Flight.MarkInjected();
        KillPlan.KillSelf();
        return "";
    }
}

/// <summary>SIGKILL to this process when it next enters a phase.</summary>
internal sealed class KillAtPhase(AgentServices node) : FaultInjector(node)
{
    public override string Begin(FaultOrder order)
    {
        Phase phase = Enum.Parse<Phase>(order.Text("phase"), ignoreCase: true);
        Node.Node.Flight.Arm(phase);
        return $"dies when it enters {order.Text("phase")}";
    }

    public override void End(FaultOrder order) => Node.Node.Flight.Arm(Phase.Idle);
}

/// <summary>SIGSTOP to this process, SIGCONT when the time is over.</summary>
internal sealed class StopProcess(AgentServices node) : FaultInjector(node)
{
    private Process? helper;

    public override string Begin(FaultOrder order)
    {
        helper = ProcessSignals.Stop(order.Duration());
        return "stops";
    }

    public override void End(FaultOrder order)
    {
        ProcessSignals.EndHelper(helper);
        helper = null;
    }
}

/// <summary>Stops and continues this process in quick turns.</summary>
internal sealed class SlowProcess(AgentServices node) : FaultInjector(node)
{
    private Process? helper;

    public override string Begin(FaultOrder order)
    {
        helper = ProcessSignals.Slow(order.Duration(), order.Number("share"));
        return $"runs {order.Number("share"):0.##} of the time";
    }

    public override void End(FaultOrder order)
    {
        ProcessSignals.EndHelper(helper);
        helper = null;
    }
}

/// <summary>The node leaves the cluster in order; the process ends when it is out.</summary>
internal sealed class LeaveCluster(AgentServices node) : FaultInjector(node)
{
    public override string Begin(FaultOrder order)
    {
        var cluster = Akka.Cluster.Cluster.Get(Node.System);
        cluster.Leave(cluster.SelfAddress);
        return "leaves";
    }
}
