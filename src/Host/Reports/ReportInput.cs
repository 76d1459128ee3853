namespace MoeActors.Host.Reports;

/// <summary>What a report is built from: the logs of the run and what only its coordinator knows.</summary>
public sealed record ReportInput
{
    /// <summary>What was run.</summary>
    public required RunInfo Run { get; init; }

    /// <summary>The surviving history.</summary>
    public required StepHistory History { get; init; }

    /// <summary>Checkpoints in the order in which they were taken.</summary>
    public IReadOnlyList<CheckpointRecord> Checkpoints { get; init; } = [];

    /// <summary>Faults in the order in which they happened.</summary>
    public IReadOnlyList<FaultRecord> Faults { get; init; } = [];

    /// <summary>Hashes taken along the way.</summary>
    public IReadOnlyList<StateMark> StateHashes { get; init; } = [];

    /// <summary>How checkpoints were to be taken; null leaves the overhead model out.</summary>
    public CheckpointSettings? Checkpointing { get; init; }

    /// <summary>Steps, tokens and samples.</summary>
    public required ProvenCounts Counts { get; init; }

    /// <summary>Wall time of the run, over all its starts.</summary>
    public required TimeSpan Wall { get; init; }

    /// <summary>"completed", "stopped", "failed" or "running".</summary>
    public required string Outcome { get; init; }

    /// <summary>Why it stopped or failed.</summary>
    public string? OutcomeReason { get; init; }

    /// <summary>Validation loss at the end; null takes the newest one of the steps.</summary>
    public double? ValidationLoss { get; init; }

    /// <summary>Hash of the final weights.</summary>
    public string? WeightsHash { get; init; }

    /// <summary>Hash of the final state.</summary>
    public string? StateHash { get; init; }

    /// <summary>Text from the trained model.</summary>
    public GeneratedSample? Generated { get; init; }
}
