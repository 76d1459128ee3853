namespace MoeActors.Actors.Protocol;

/// <summary>A decided update in numbers: with a unit's reduced gradient, all it takes to roll the unit forward (ST-1).</summary>
/// <param name="Step">The step.</param>
/// <param name="Skip">True: a gradient was not finite; only the step is counted.</param>
/// <param name="GradientScale">Factor of the clipping by the global norm.</param>
/// <param name="LearningRate">Learning rate.</param>
internal sealed record DecidedUpdate(long Step, bool Skip, double GradientScale, double LearningRate)
{
    /// <summary>Choices of the step by ordinal of the MoE layer and target, where the model has buffers that go by them; else empty.</summary>
    public IReadOnlyList<long[]> Load { get; init; } = [];
}

/// <summary>
/// Coordinator → node, before an epoch begins in exact mode: stop what belongs to older epochs, and say what state you hold. Answered by <see cref="Holdings"/>; changes no state.
/// </summary>
/// <param name="RunKey">Hash of the run's record: what a node holds of another run does not count.</param>
/// <param name="Epoch">The epoch that is about to begin.</param>
/// <param name="Fence">Fencing token of the coordinator.</param>
internal sealed record AskHoldings(ulong RunKey, int Epoch, long Fence) : IControlMessage;

/// <summary>
/// Coordinator → node that takes no part yet: open the run's data and see whether there is room for its state, so that the run can take you in without waiting for that. Answered by <see cref="NodeReady"/>.
/// </summary>
/// <param name="RunKey">Hash of the run's record.</param>
/// <param name="SpecJson">The run's record.</param>
/// <param name="Fence">Fencing token of the coordinator.</param>
internal sealed record GetReady(ulong RunKey, string SpecJson, long Fence) : IControlMessage;

/// <summary>Node → coordinator: ready to take part, or not.</summary>
/// <param name="RunKey">Hash of the run's record.</param>
/// <param name="Node">Incarnation of the node.</param>
/// <param name="Error">Why not; null when ready.</param>
/// <param name="Cause">What kind of thing is wrong.</param>
internal sealed record NodeReady(ulong RunKey, string Node, string? Error, FailureCause Cause = FailureCause.None) : IControlMessage;

/// <summary>State of one unit that a node holds.</summary>
/// <param name="Unit">Ordinal in the run's unit order.</param>
/// <param name="Step">Completed steps it is of; -1: torn or incomplete, of no use.</param>
/// <param name="Reduced">Whether the reduced gradient of step <paramref name="Step"/> is here too: decided, it makes the state of one step more.</param>
internal sealed record UnitHolding(int Unit, long Step, bool Reduced);

/// <summary>Node → coordinator: what I hold. True until the next <see cref="PrepareEpoch"/>: between the two nothing changes.</summary>
/// <param name="Epoch">The epoch that is about to begin.</param>
/// <param name="Node">Incarnation of the node.</param>
/// <param name="Live">Units that it computes with.</param>
/// <param name="Copies">Copies of other nodes' units.</param>
/// <param name="Decided">The newest decision it has heard of; null without.</param>
internal sealed record Holdings(
    int Epoch, string Node, IReadOnlyList<UnitHolding> Live, IReadOnlyList<UnitHolding> Copies, DecidedUpdate? Decided) : IControlMessage;

/// <summary>Where one unit's state of the recovery point is.</summary>
/// <param name="Unit">Ordinal in the run's unit order.</param>
/// <param name="Rung">Live or Peer.</param>
/// <param name="Node">Index, in the epoch that begins, of the node that holds it.</param>
internal sealed record UnitSource(int Unit, RestoreRung Rung, int Node);
