using System.Text.Json.Serialization;

namespace MoeActors.Host.Reports;

/// <summary>
/// One fault and its recovery. The times of the phases are milliseconds from the fault's moment (the injection, else the first evidence of it)
/// to the END of the phase, so they ascend; a phase not reached is null. A later record of the same <see cref="Id"/> replaces an earlier one.
/// </summary>
public sealed record FaultRecord
{
    /// <summary>Number of the fault within the run, from 1.</summary>
    public int Id { get; init; }

    /// <summary>"process-killed", "actor-failed", "link-down", …: what happened.</summary>
    public required string Kind { get; init; }

    /// <summary>What it happened to: a node, a rank, an expert shard, a link.</summary>
    public required string Target { get; init; }

    /// <summary>The step in progress when it happened.</summary>
    public required long AtStep { get; init; }

    /// <summary>Whether it was injected on purpose.</summary>
    public required bool Injected { get; init; }

    /// <summary>Until another node noticed.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? DetectedMs { get; init; }

    /// <summary>Until the recovery was decided: epoch, placement, what to restore from.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? DecidedMs { get; init; }

    /// <summary>Until the state to restore was at hand on every node that needs it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? FetchedMs { get; init; }

    /// <summary>Until it was verified and restored.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? RestoredMs { get; init; }

    /// <summary>Until every logical rank was placed and ready again.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? RejoinedMs { get; init; }

    /// <summary>Until the first step after it was committed: the time the fault cost to the user's eye.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? FirstStepMs { get; init; }

    /// <summary>The rung of the recovery ladder that was used.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Rung { get; init; }

    /// <summary>Why that rung, in words.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Reason { get; init; }

    /// <summary>Committed steps that had to be computed again.</summary>
    public required long LostSteps { get; init; }

    /// <summary>Proportion of lost tokens this recovery cost (MoC paper); 0 for an exact recovery.</summary>
    public required double Plt { get; init; }

    /// <summary>The phase of the step or checkpoint it hit: "forward", "dispatch", "backward", "reduction", "update", "snapshot", "persist", "commit", "recovery".</summary>
    public string? Phase { get; init; }

    /// <summary>Epoch in which it happened.</summary>
    public long? Epoch { get; init; }

    /// <summary>When it happened, UTC.</summary>
    public DateTimeOffset? At { get; init; }
}
