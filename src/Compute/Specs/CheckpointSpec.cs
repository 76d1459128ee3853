using System.Text.Json.Serialization;

namespace MoeActors.Compute.Specs;

/// <summary>When checkpoints are written, what they save, and which are kept.</summary>
public sealed record CheckpointSpec
{
    /// <summary>Full or partial.</summary>
    public CheckpointMode Mode { get; init; } = CheckpointMode.Full;

    /// <summary>Who writes the bf16 weights: "baseline", "equal" or "adaptive" (see the shard planner).</summary>
    public string Sharding { get; init; } = "equal";

    /// <summary>Slots that a partial checkpoint leaves out of experts not chosen: "w", "o", "wo", "eq6" or a list.</summary>
    public string Mask { get; init; } = "eq6";

    /// <summary>Experts of each layer copied to the node's memory at a partial checkpoint; at least <see cref="KPersist"/>.</summary>
    public int KSnapshot { get; init; } = 2;

    /// <summary>Experts of each layer written to storage at a partial checkpoint.</summary>
    public int KPersist { get; init; } = 1;

    /// <summary>How they are chosen.</summary>
    public ExpertChoice Selection { get; init; } = ExpertChoice.Sequential;

    /// <summary>PLT the run may reach, a share; above it the run says so, and with <see cref="DynamicK"/> K grows before.</summary>
    public double PltBudget { get; init; } = 0.0375;

    /// <summary>After a recovery K is doubled while the expected PLT exceeds the budget.</summary>
    public bool DynamicK { get; init; } = true;

    /// <summary>Snapshots as a recovery source.</summary>
    public VaultUse Vault { get; init; } = VaultUse.Auto;

    /// <summary>False: training waits until each checkpoint is published.</summary>
    public bool Asynchronous { get; init; } = true;

    /// <summary>Whether snapshots stay in memory.</summary>
    [JsonIgnore]
    public bool KeepsSnapshots => Vault == VaultUse.On || (Vault == VaultUse.Auto && Mode == CheckpointMode.Partial);

    /// <summary>Exact recovery, partial: every so many-th checkpoint is complete, for only those can be gone back to; 0 = only the first and the last; null = 10.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? CompleteEvery { get; init; }

    /// <summary><see cref="CompleteEvery"/> as a number.</summary>
    [JsonIgnore]
    public int CompletePeriod => CompleteEvery ?? UsualCompletePeriod;

    /// <summary>What it is where nothing else was asked for.</summary>
    public const int UsualCompletePeriod = 10;

    /// <summary>K_snapshot, K_persist and the interval are chosen by measurement once the run has measured itself.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Adaptive { get; init; }

    /// <summary>Why they are what they are, once they were chosen: they are never chosen again (DT-1). Null before, and in runs that choose nothing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Chosen { get; init; }

    /// <summary>Mean time between faults of the whole cluster that the choice reckons with, ms; null = 24 hours.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? MtbfMs { get; init; }

    /// <summary>Steps between checkpoints; 0 = only at the end and on stop.</summary>
    public int Interval { get; init; } = 50;

    /// <summary>Newest checkpoints kept.</summary>
    public int Keep { get; init; } = 3;

    /// <summary>Steps whose checkpoints are kept for ever (multiples of it); 0 = none.</summary>
    public int KeepEvery { get; init; }

    /// <summary>Where they lie: "" = the run directory, or "s3://bucket/prefix", below which the run's id names its own place. No part of the lineage.</summary>
    public string Location { get; init; } = "";
}
