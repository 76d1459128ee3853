using Akka.Actor;
using Akka.Cluster;

using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Faults.Agent;

/// <summary>Looks, on another node than the target, whether a fault took. Used by the fault agent alone; made before the fault begins.</summary>
internal abstract class FaultWatcher : IDisposable
{
    /// <summary>Whether it was seen, and what was seen; else what is there instead.</summary>
    public abstract (bool Seen, string Text) Look();

    /// <summary>Something that came to the agent.</summary>
    public virtual void Hear(object message)
    {
    }

    /// <inheritdoc/>
    public virtual void Dispose()
    {
    }
}

/// <summary>The watcher of each kind of evidence.</summary>
internal static class FaultWatchers
{
    /// <summary>Makes the watcher for a fault that is about to begin.</summary>
    public static FaultWatcher Of(FaultOrder order, AgentServices services, IActorRef agent) => FaultKinds.Find(order.Kind)!.Evidence switch
    {
        Evidence.Gone => new GoneWatcher(order.Nodes[0], services),
        Evidence.Stopped => new StoppedWatcher(order.Nodes[0], services),
        Evidence.Unreachable => new UnreachableWatcher(order.Nodes[0], services),
        Evidence.Dial => new DialWatcher(order.Nodes[0], services),
        Evidence.Throttled => new ThrottledWatcher(order.Nodes[0], services),
        Evidence.Left => new LeftWatcher(order.Nodes[0], services),
        Evidence.Joined => new JoinedWatcher(services),
        Evidence.Memory => new MemoryWatcher(order, services),
        Evidence.Abort => new AbortWatcher(order, Probe(order, services, agent)),
        Evidence.Skip => new SkipWatcher(order, Probe(order, services, agent)),
        Evidence.Takeover => new TakeoverWatcher(order.Fence, services, agent),
        Evidence.Storage => new StorageWatcher(order, services),
        _ => Probe(order, services, agent),
    };

    private static ProbeWatcher Probe(FaultOrder order, AgentServices services, IActorRef agent) => new(
        order, services.System.ActorSelection(new RootActorPath(Address.Parse(order.Nodes[0].Address)) / "user" / "node" / "fault-agent"), agent);
}

/// <summary>What the cluster says about a node.</summary>
internal sealed class MemberView(NodeIdentity node, AgentServices services)
{
    private readonly Akka.Cluster.Cluster cluster = Akka.Cluster.Cluster.Get(services.System);

    public bool IsLocal => node.Host == services.Identity.Host;

    public bool IsUnreachable => cluster.State.Unreachable.Any(m => Incarnation.Is(node, m.UniqueAddress));

    public bool IsDown => Member is null or { Status: MemberStatus.Down };

    public bool IsLeaving => Member is null or { Status: MemberStatus.Leaving or MemberStatus.Exiting or MemberStatus.Removed };

    public bool IsGone => ProcessTable.IsGone(node.Pid, node.ProcessStart);

    public char? State => ProcessTable.StateOf(node.Pid, node.ProcessStart);

    private Member? Member => cluster.State.Members.FirstOrDefault(m => Incarnation.Is(node, m.UniqueAddress));
}

/// <summary>The process is gone.</summary>
internal sealed class GoneWatcher(NodeIdentity node, AgentServices services) : FaultWatcher
{
    private readonly MemberView view = new(node, services);

    public override (bool, string) Look() =>
        view.IsLocal && view.IsGone ? (true, $"process {node.Pid} of {node.Name} is gone")
        : !view.IsLocal && view.IsUnreachable ? (true, $"{node.Name} is unreachable")
        : view.IsDown ? (true, $"{node.Name} is no member any more")
        : (false, $"{node.Name} lives");
}

/// <summary>The process is stopped.</summary>
internal sealed class StoppedWatcher(NodeIdentity node, AgentServices services) : FaultWatcher
{
    private readonly MemberView view = new(node, services);

    public override (bool, string) Look() =>
        view.IsLocal && view.State == 'T' ? (true, $"process {node.Pid} of {node.Name} is stopped")
        : view.IsUnreachable ? (true, $"{node.Name} is unreachable")
        : (false, $"{node.Name} runs");
}

/// <summary>The cluster does not hear the node, while its process lives where that can be seen.</summary>
internal sealed class UnreachableWatcher(NodeIdentity node, AgentServices services) : FaultWatcher
{
    private readonly MemberView view = new(node, services);

    public override (bool, string) Look() =>
        view.IsUnreachable && !(view.IsLocal && view.IsGone) ? (true, $"{node.Name} is unreachable, and its process lives") : (false, $"{node.Name} is reachable");
}

/// <summary>The process is stopped again and again.</summary>
internal sealed class ThrottledWatcher(NodeIdentity node, AgentServices services) : FaultWatcher
{
    private const int Looks = 3;
    private readonly MemberView view = new(node, services);
    private int stopped, running;

    public override (bool, string) Look()
    {
        char? state = view.State;
        (stopped, running) = (stopped + (state == 'T' ? 1 : 0), running + (stopped > 0 && state is not null and not 'T' ? 1 : 0));
        return stopped >= Looks && running >= Looks
            ? (true, $"process {node.Pid} of {node.Name} was stopped at {stopped} of {stopped + running} looks")
            : (false, view.IsLocal ? $"process {node.Pid} of {node.Name} was stopped at {stopped} looks" : $"the process table of {node.Host} cannot be seen from {services.Identity.Host}");
    }
}

/// <summary>The node leaves.</summary>
internal sealed class LeftWatcher(NodeIdentity node, AgentServices services) : FaultWatcher
{
    private readonly MemberView view = new(node, services);

    public override (bool, string) Look() => view.IsLeaving ? (true, $"{node.Name} leaves the cluster") : (false, $"{node.Name} is a member");
}

/// <summary>A node is a member that was none when this watcher was made.</summary>
internal sealed class JoinedWatcher(AgentServices services) : FaultWatcher
{
    private readonly Akka.Cluster.Cluster cluster = Akka.Cluster.Cluster.Get(services.System);
    private readonly HashSet<Address> before = [.. Akka.Cluster.Cluster.Get(services.System).State.Members.Select(m => m.Address)];

    public override (bool, string) Look() => cluster.State.Members.FirstOrDefault(m => m.Status == MemberStatus.Up && !before.Contains(m.Address)) is { } joined
        ? (true, $"{joined.Address.Host}:{joined.Address.Port} has joined")
        : (false, "no node has joined");
}

/// <summary>The process holds more memory.</summary>
internal sealed class MemoryWatcher(FaultOrder order, AgentServices services) : FaultWatcher
{
    private readonly NodeIdentity node = order.Nodes[0];
    private readonly MemberView view = new(order.Nodes[0], services);
    private readonly long before = ProcessTable.ResidentBytes(order.Nodes[0].Pid);
    private readonly long expected = (long)(order.Number("mib") * (1 << 20) * 0.8);

    public override (bool, string) Look()
    {
        if (view.IsLocal && view.IsGone)
        {
            return (true, $"process {node.Pid} of {node.Name} is gone");
        }

        long more = view.IsLocal ? ProcessTable.ResidentBytes(node.Pid) - before : 0;
        return (more >= expected, $"process {node.Pid} of {node.Name} holds {more >> 20} MiB more than before");
    }
}

/// <summary>
/// The coordinator made of the fault what has to be made of it, by a message that came here; or it happened, as the target says, and the epoch in which it did
/// ended for another reason first, as this node knows.
/// </summary>
internal abstract class StepWatcher(FaultOrder order, ProbeWatcher target) : FaultWatcher
{
    private readonly HashSet<long> decided = [];
    private string? outcome;
    private int newest, happenedIn = -1;

    public override void Hear(object message)
    {
        target.Hear(message);
        outcome ??= Outcome(message);
        switch (message)
        {
            case PrepareEpoch m:
                newest = Math.Max(newest, m.Epoch);
                break;
            case FaultProbed m when m.Id == order.Id:
                happenedIn = m.Epoch;
                break;
            case StepDecision m when m.Epoch == happenedIn:
                decided.Add(m.Step);
                break;
        }
    }

    /// <summary>The epoch has got on since it happened, by more than the one step that may be decided before an update meets it: what ended it later is no sign of the fault.</summary>
    private bool WentUnnoticed => decided.Count > 1;

    public override (bool, string) Look()
    {
        if (outcome is not null)
        {
            return (true, outcome);
        }

        (bool happened, string text) = target.Look();
        return happened && newest > happenedIn && !WentUnnoticed ? (true, $"its epoch ended for another reason ({text})") : (false, $"{Missing} ({text})");
    }

    /// <summary>What to say when nothing came.</summary>
    protected abstract string Missing { get; }

    /// <summary>What the message says of the fault, or null.</summary>
    protected abstract string? Outcome(object message);
}

/// <summary>The coordinator ended the epoch and named the fault.</summary>
internal sealed class AbortWatcher(FaultOrder order, ProbeWatcher target) : StepWatcher(order, target)
{
    private readonly string id = order.Id;

    protected override string Missing => "no epoch ended because of it";

    protected override string? Outcome(object message) =>
        message is AbortEpoch abort && InjectedMark.IsIn(abort.Reason, id) ? $"epoch {abort.Epoch} ended: {abort.Reason}" : null;
}

/// <summary>The coordinator skipped a step.</summary>
internal sealed class SkipWatcher(FaultOrder order, ProbeWatcher target) : StepWatcher(order, target)
{
    protected override string Missing => "no step was skipped";

    protected override string? Outcome(object message) => message is StepDecision { Skip: true } decision ? $"step {decision.Step} was skipped" : null;
}

/// <summary>A coordinator took office after the fault was ordered: its fencing token is newer.</summary>
internal sealed class TakeoverWatcher(long fence, AgentServices services, IActorRef agent) : FaultWatcher
{
    private long newest;
    private int looks;

    public override void Hear(object message) => newest = message is Topology t ? Math.Max(newest, t.Fence) : newest;

    public override (bool, string) Look()
    {
        if (looks++ % 10 == 0)
        {
            services.Node.CoordinatorProxy.Tell(new TopologyQuery(), agent);
        }

        return newest > fence ? (true, $"a coordinator took office with fence {newest}, after {fence}") : (false, $"the coordinator in charge has fence {newest}");
    }
}

/// <summary>Asks the target's agent what it measures.</summary>
internal sealed class ProbeWatcher(FaultOrder order, ICanTell target, IActorRef agent) : FaultWatcher
{
    private (bool Holds, string Text) last = (false, $"{order.Nodes[0].Name} did not answer");
    private int looks;

    public override void Hear(object message)
    {
        if (message is FaultProbed probed && probed.Id == order.Id && !last.Holds)
        {
            last = (probed.Holds, $"{order.Nodes[0].Name}: {probed.Text}");
        }
    }

    public override (bool, string) Look()
    {
        if (looks++ % 5 == 0)
        {
            target.Tell(new ProbeFault(order), agent);
        }

        return last;
    }
}
