using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Faults.Agent;

/// <summary>
/// A fault that happens in the step an actor is in, and is known by what the coordinator makes of that step. When the epoch ends for another reason first, another
/// failure, the coordinator's own, or its node's leaving, nobody makes anything of it: then it is known to have happened, in an epoch that is over.
/// </summary>
internal abstract class StepInjector(AgentServices node) : FaultInjector(node)
{
    private sealed record Event(string Id, int Epoch);

    // Written by the compute lane, read by the fault agent.
    private volatile Event? last;

    /// <summary>It happens now, in <paramref name="epoch"/>. Compute lane.</summary>
    protected void Happened(FaultOrder order, int epoch) => last = new Event(order.Id, epoch);

    /// <inheritdoc/>
    public override (bool Holds, string Text) Probe(FaultOrder order) =>
        last is not { } happened || happened.Id != order.Id ? (false, "it has not happened yet")
        : (true, $"it happened in epoch {happened.Epoch}");
}
