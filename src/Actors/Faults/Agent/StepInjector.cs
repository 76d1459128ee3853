using System.Collections.Concurrent;

using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Faults.Agent;

/// <summary>
/// A fault that happens in the step an actor is in, and is known by what the coordinator makes of that step. When the epoch ends for another reason first, another
/// failure, the coordinator's own, or its node's leaving, nobody makes anything of it: then it is known to have happened, in an epoch that is over.
/// </summary>
internal abstract class StepInjector(AgentServices node) : FaultInjector(node)
{
    // Written by the compute thread, read by the fault agent.
    private readonly ConcurrentDictionary<string, int> happened = new(StringComparer.Ordinal);

    /// <summary>It happens now, in <paramref name="epoch"/>. Compute thread.</summary>
    protected void Happened(FaultOrder order, int epoch) => happened[order.Id] = epoch;

    /// <inheritdoc/>
    public override int HappenedIn(FaultOrder order) => happened.TryGetValue(order.Id, out int epoch) ? epoch : -1;

    /// <inheritdoc/>
    public override (bool Holds, string Text) Probe(FaultOrder order) =>
        HappenedIn(order) is var epoch and >= 0 ? (true, $"it happened in epoch {epoch}") : (false, "it has not happened yet");
}
