namespace MoeActors.Host.Reports;

/// <summary>What the counts of a report rest on, and what of the run's logs is missing. A log is written as well as it can be; what it does not hold proves nothing.</summary>
public sealed record ReportEvidence
{
    /// <summary>Step of the checkpoint whose ledger the counts of steps and samples are from (DA-1); absent where there was none to read: then they are those of the log.</summary>
    public long? Checkpoint { get; init; }

    /// <summary>Steps of the surviving history that have no line in steps.jsonl: nothing but their number is in the report.</summary>
    public required long MissingSteps { get; init; }

    /// <summary>Which ones, as "70" or "70–100"; absent where none is missing. The first hundred ranges.</summary>
    public IReadOnlyList<string>? Missing { get; init; }

    /// <summary>A sentence for each damaged line that was left out; absent where none was. The first hundred.</summary>
    public IReadOnlyList<string>? LeftOut { get; init; }
}
