using MoeActors.Actors.Protocol;
using MoeActors.Actors.Training;

using static TorchSharp.torch;

namespace MoeActors.Actors.Faults.Agent.Injectors;

/// <summary>A rank or expert-shard actor throws in a handler.</summary>
internal sealed class CrashUnitActor(AgentServices node) : StepInjector(node)
{
    public override string Begin(FaultOrder order)
    {
        var crash = new InjectedCrash(order.Id);
        Node.TellDeviceActor(order.Actor, new InjectedWork((_, epoch) =>
        {
            // Between two epochs nobody would miss it.
            if (epoch is { } now)
            {
                Happened(order, now);
                crash.Throw();
            }

            return false;
        }));
        return $"{order.Actor} throws";
    }
}

/// <summary>A libtorch kernel throws in an expert shard's handler: shapes that cannot be multiplied.</summary>
internal sealed class KernelException(AgentServices node) : StepInjector(node)
{
    public override string Begin(FaultOrder order)
    {
        Node.TellDeviceActor(order.Actor, new InjectedWork((unit, epoch) =>
        {
            // Between two epochs nobody would miss it.
            if (unit is null || epoch is not { } now)
            {
                return false;
            }

            Happened(order, now);
            try
            {
                using Tensor wrong = unit.Gradient.view(1, unit.Gradient.size(0));
                using Tensor product = mm(wrong, wrong);
                return true;
            }
            catch (Exception e)
            {
                throw new InjectedFaultException(order.Id, $"a kernel throws: {e.Message.Split('\n')[0]}", e);
            }
        }));
        return $"a kernel of {order.Actor} throws";
    }
}

/// <summary>A handler holds the compute thread: whatever the device computes waits behind it.</summary>
internal sealed class HangHandler(AgentServices node) : FaultInjector(node)
{
    private static readonly TimeSpan Enough = TimeSpan.FromMilliseconds(500);
    private ManualResetEventSlim? free;
    private long heldTicks;

    public override string Begin(FaultOrder order)
    {
        var gate = new ManualResetEventSlim();
        free = gate;
        heldTicks = 0;
        Node.TellDeviceActor(order.Actor, new InjectedWork((_, _) =>
        {
            long begun = System.Diagnostics.Stopwatch.GetTimestamp();
            gate.Wait(order.Duration());
            Volatile.Write(ref heldTicks, System.Diagnostics.Stopwatch.GetElapsedTime(begun).Ticks);
            return true;
        }));
        return $"a handler of {order.Actor} hangs";
    }

    public override void End(FaultOrder order) => free?.Set();

    public override (bool Holds, string Text) Probe(FaultOrder order)
    {
        // While it lasts the lane says so, afterwards the handler itself.
        TimeSpan now = ComputeThreadWatchdog.ThreadOf(Node.System).Busy, held = TimeSpan.FromTicks(Volatile.Read(ref heldTicks)), expected = order.Duration() / 2;
        TimeSpan busy = held > now ? held : now;
        return (busy >= (expected < Enough ? expected : Enough), $"the compute thread has been in one handler for {busy.TotalMilliseconds:0} ms");
    }
}

/// <summary>The run coordinator throws.</summary>
internal sealed class CrashCoordinator(AgentServices node) : FaultInjector(node)
{
    public override string Begin(FaultOrder order)
    {
        Node.System.ActorSelection("/user/run-manager/run").Tell(new InjectedCrash(order.Id), Akka.Actor.ActorRefs.NoSender);
        return "the coordinator throws";
    }
}

/// <summary>The checkpoint writer throws.</summary>
internal sealed class CrashWriter(AgentServices node) : FaultInjector(node)
{
    private int before;

    public override string Begin(FaultOrder order)
    {
        before = Node.Node.WriterMemory.Restarts;
        Node.Node.Writer.Tell(new InjectedCrash(order.Id), Akka.Actor.ActorRefs.NoSender);
        return "the checkpoint writer throws";
    }

    public override (bool Holds, string Text) Probe(FaultOrder order)
    {
        int restarts = Node.Node.WriterMemory.Restarts - before;
        return (restarts > 0, restarts > 0 ? $"its checkpoint writer was started again ({Node.Node.WriterMemory.LastFailure})" : "its checkpoint writer has not failed");
    }
}
