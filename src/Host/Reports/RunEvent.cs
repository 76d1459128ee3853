namespace MoeActors.Host.Reports;

/// <summary>A line of <c>events.jsonl</c>: exactly one of fault, checkpoint, mark or message is the event's content; a fault or checkpoint may bring a message as well.</summary>
public sealed record RunEvent
{
    /// <summary>When, UTC.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>"fault", "checkpoint", "mark", or the kind of a message: "membership", "epoch", "warning", ….</summary>
    public required string Type { get; init; }

    /// <summary>The step in progress, where it applies.</summary>
    public long? Step { get; init; }

    /// <summary>Epoch, where it applies.</summary>
    public long? Epoch { get; init; }

    /// <summary>In words.</summary>
    public string? Message { get; init; }

    /// <summary>The fault, as far as its recovery has come.</summary>
    public FaultRecord? Fault { get; init; }

    /// <summary>The checkpoint, as far as it has come.</summary>
    public CheckpointRecord? Checkpoint { get; init; }

    /// <summary>Of "resumed": when the last sign of the run before was written down. Between it and this event nobody trained.</summary>
    public DateTimeOffset? LastSign { get; init; }

    /// <summary>Hashes taken after a step.</summary>
    public StateMark? Mark { get; init; }
}
