using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>Messages and inputs in a few words, for the trace.</summary>
internal static class SimText
{
    public static string Of(IControlMessage message) => message switch
    {
        PrepareEpoch m => $"prepare epoch {m.Epoch} at step {m.RestoreStep} (fence {m.Fence}) on {string.Join(", ", m.Nodes.Select(n => n.Incarnation))}{(m.Sources.Count == 0 ? "" : $" from {string.Join(" ", m.Sources.Select(s => $"{s.Unit}:{s.Rung}@{s.Node}"))}")}{(m.Redo is { } redo ? $", redo {redo.Step}" : "")}",
        AskHoldings m => $"asks what is held, before epoch {m.Epoch} (fence {m.Fence})",
        Holdings m => $"holds, before epoch {m.Epoch}: live {Of(m.Live)}; copies {Of(m.Copies)}; decided {m.Decided?.Step.ToString() ?? "none"}",
        NodeReady m => $"{m.Node} is ready to take part",
        EpochPrepared m => $"prepared epoch {m.Epoch}{(m.Live ? ", live" : "")}{(m.Error is null ? "" : $", ERROR {m.Error}")}{(m.Damaged.Count == 0 ? "" : $", damaged: {m.Damaged[0].Reason}")}",
        AbortEpoch m => $"abort epoch {m.Epoch}: {m.Reason}",
        StartSteps m => $"start step {m.Step} in epoch {m.Epoch}",
        StepReport m => $"report of step {m.Step} in epoch {m.Epoch}",
        StepDecision m => $"decision of step {m.Step} in epoch {m.Epoch}{(m.Skip ? ", skip" : "")}{(m.Checkpoint is null ? "" : ", checkpoint")}, {m.After}",
        StepApplied m => $"applied step {m.Step} in epoch {m.Epoch}",
        SnapshotPersisted m => $"persisted {m.Step} of epoch {m.Epoch}{(m.Error is null ? "" : $", ERROR {m.Error}")}",
        NodeFault m => $"fault in epoch {m.Epoch}: {m.Actor}: {m.Reason}",
        EndRun m => $"run ended: {m.Outcome}",
        _ => message.GetType().Name,
    };

    private static string Of(IReadOnlyList<UnitHolding> held) => held.Count == 0 ? "none" : string.Join(" ", held.Select(h => $"{h.Unit}@{h.Step}{(h.Reduced ? "+" : "")}"));

    public static string Of(CoordinatorInput input) => input switch
    {
        CoordinatorInput.NodeUp e => $"{e.Node.Incarnation} is up",
        CoordinatorInput.NodeLost e => $"{e.Incarnation} is lost: {e.Reason}",
        CoordinatorInput.Published e => $"checkpoint {e.Checkpoint.Step} is published, kept are {string.Join(", ", e.Kept)}",
        CoordinatorInput.PublishFailed e => $"checkpoint {e.Step} is not published: {e.Reason}",
        CoordinatorInput.GraceOver e => $"grace of epoch {e.Epoch} is over",
        CoordinatorInput.Submitted => "a run is submitted",
        _ => input.GetType().Name,
    };
}
