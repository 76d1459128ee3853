using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Faults.Agent;

/// <summary>Carries out one kind of fault on its own node. Called by the fault agent alone, one call at a time.</summary>
internal abstract class FaultInjector(AgentServices node)
{
    /// <summary>The node.</summary>
    protected AgentServices Node => node;

    /// <summary>Begins it. Returns what was done, in words; throws <see cref="FaultRefusedException"/> when it cannot be.</summary>
    public abstract string Begin(FaultOrder order);

    /// <summary>Ends it; nothing happens when it has ended.</summary>
    public virtual void End(FaultOrder order)
    {
    }

    /// <summary>The epoch it happened in, for what happens in a step; -1: it has not, or is no such thing.</summary>
    public virtual int HappenedIn(FaultOrder order) => -1;

    /// <summary>What is measured of it now, for kinds whose evidence is a probe.</summary>
    public virtual (bool Holds, string Text) Probe(FaultOrder order) => (false, "this kind is not measured at the node");
}
