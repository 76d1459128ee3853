using System.Text.Json;
using System.Text.Json.Serialization;
using MoeActors.Compute.Specs;

namespace MoeActors.Host.Reports;

/// <summary>
/// The record of one run: what <c>report.json</c> holds. Documented in docs/report.md, versioned by <see cref="Schema"/>, grows only by
/// adding. Names in camelCase, times in milliseconds unless the name says otherwise; a number that is not finite is written as null.
/// </summary>
public sealed record RunReport
{
    /// <summary>The schema version this code writes and the newest it reads.</summary>
    public const int CurrentSchema = 1;

    /// <summary>Schema version of this record.</summary>
    public required int Schema { get; init; }

    /// <summary>What was run.</summary>
    public required RunInfo Run { get; init; }

    /// <summary>The steps of the surviving history, ascending, each once.</summary>
    public required IReadOnlyList<StepLine> Steps { get; init; }

    /// <summary>Checkpoints in the order in which they were taken.</summary>
    public required IReadOnlyList<CheckpointRecord> Checkpoints { get; init; }

    /// <summary>Faults in the order in which they happened.</summary>
    public required IReadOnlyList<FaultRecord> Faults { get; init; }

    /// <summary>The sample ledger's counts (DA-1).</summary>
    public required SampleCounts Samples { get; init; }

    /// <summary>What the counts rest on, and what of the logs is missing; absent in reports of older builds.</summary>
    public ReportEvidence? Evidence { get; init; }

    /// <summary>Sums and final figures.</summary>
    public required RunTotals Totals { get; init; }

    /// <summary>What checkpoints and faults cost, predicted and measured; absent while the run goes on, and where there is nothing to compare.</summary>
    public OverheadReport? Overhead { get; init; }

    /// <summary>Hashes taken at some steps along the way; absent when none were.</summary>
    public IReadOnlyList<StateMark>? StateHashes { get; init; }

    /// <summary>A sample of text from the trained model; absent when none was generated.</summary>
    public GeneratedSample? Generated { get; init; }

    /// <summary>Whether tokens can be lost: the run has partial checkpoints.</summary>
    [JsonIgnore]
    public bool CountsLostTokens => Totals.Plt > 0 || Steps.Any(s => s.Plt is not null);
}

/// <summary>What was run.</summary>
public sealed record RunInfo
{
    /// <summary>Random id of the run.</summary>
    public required string Id { get; init; }

    /// <summary>Preset the model came from.</summary>
    public required string Preset { get; init; }

    /// <summary>The run's record (<see cref="RunSpec"/>) as it was frozen at the start; it holds no secret.</summary>
    public required JsonElement Config { get; init; }

    /// <summary>Seed of weights, data order and gate noise.</summary>
    public required long Seed { get; init; }

    /// <summary>Nodes the run started on.</summary>
    public required int Nodes { get; init; }

    /// <summary>Logical ranks.</summary>
    public required int Ranks { get; init; }

    /// <summary>The logical layout.</summary>
    public required LogicalLayout Layout { get; init; }

    /// <summary>When the run first started, UTC.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>The command line that started it.</summary>
    public required string Command { get; init; }
}

/// <summary>The sample ledger's counts (DA-1): in the surviving history every sample contributes once.</summary>
/// <param name="Contributed">Samples of the surviving history.</param>
/// <param name="Recomputed">Samples computed again because their step was replayed.</param>
/// <param name="Lost">Samples that should have contributed and did not.</param>
/// <param name="Repeated">Samples that contributed more than once.</param>
public sealed record SampleCounts(long Contributed, long Recomputed, long Lost, long Repeated);

/// <summary>Text generated from the trained model.</summary>
/// <param name="Prompt">What the model was given.</param>
/// <param name="Text">What it wrote after the prompt.</param>
public sealed record GeneratedSample(string Prompt, string Text);

/// <summary>Hashes of the whole state after one step, independent of placement.</summary>
/// <param name="Step">The step after which they were taken.</param>
/// <param name="WeightsHash">Hash of the weights (fp32 master where there is one).</param>
/// <param name="StateHash">Hash of weights, m, v, step counts, ledger and RNG.</param>
public sealed record StateMark(long Step, string WeightsHash, string StateHash);
