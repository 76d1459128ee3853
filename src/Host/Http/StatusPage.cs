using MoeActors.Host.Progress;

namespace MoeActors.Host.Http;

/// <summary>A node as the status shows it.</summary>
/// <param name="Name">Name of the node.</param>
/// <param name="Pid">Its process id on its machine.</param>
public sealed record NodeStatus(string Name, int Pid);

/// <summary>A point of the recent loss curve.</summary>
/// <param name="Step">Step.</param>
/// <param name="Loss">Training loss, nats per token.</param>
/// <param name="TokensPerSecond">Speed of the step.</param>
public sealed record CurvePoint(long Step, double Loss, double TokensPerSecond);

/// <summary>An event as the status shows it.</summary>
/// <param name="At">When, UTC.</param>
/// <param name="Kind">What it is about.</param>
/// <param name="Message">In words.</param>
public sealed record StatusEvent(DateTimeOffset At, ProgressEventKind Kind, string Message);

/// <summary>What <c>/status</c> answers: a run at a glance. Holds no secret and no configuration value.</summary>
public sealed record StatusPage
{
    /// <summary>Id of the run; empty where there is none.</summary>
    public required string RunId { get; init; }

    /// <summary>Name of the model, by the run's record; null where there is no run, or its record cannot be read from here.</summary>
    public string? Model { get; init; }

    /// <summary>"idle", "starting", "running", "recovering", "stopping", "completed", "stopped" or "failed".</summary>
    public required string State { get; init; }

    /// <summary>"ok", or in a sentence why the node that answers is not well: what <c>/health</c> says.</summary>
    public required string Health { get; init; }

    /// <summary>Where the run stands; null before the first step.</summary>
    public ProgressSnapshot? Progress { get; init; }

    /// <summary>Nodes that are up.</summary>
    public IReadOnlyList<NodeStatus> Nodes { get; init; } = [];

    /// <summary>Recent points of the loss curve, ascending; keep it to a few hundred.</summary>
    public IReadOnlyList<CurvePoint> Curve { get; init; } = [];

    /// <summary>Recent events, newest last; keep it to a few dozen.</summary>
    public IReadOnlyList<StatusEvent> Events { get; init; } = [];
}
