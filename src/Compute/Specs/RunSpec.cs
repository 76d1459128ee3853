using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MoeActors.Compute.Specs;

/// <summary>Everything that fixes a run's arithmetic and its life: the run's record. Travels as JSON; its hash is the lineage.</summary>
public sealed record RunSpec
{
    /// <summary>Random id of the run.</summary>
    public required string RunId { get; init; }

    /// <summary>The model.</summary>
    public required ModelSpec Model { get; init; }

    /// <summary>The logical layout.</summary>
    public required LogicalLayout Layout { get; init; }

    /// <summary>Optimizer, schedule, batch.</summary>
    public required TrainingSpec Training { get; init; }

    /// <summary>Data.</summary>
    public required DataSpec Data { get; init; }

    /// <summary>Checkpoints.</summary>
    public CheckpointSpec Checkpoint { get; init; } = new();

    /// <summary>Evaluation.</summary>
    public EvaluationSpec Evaluation { get; init; } = new();

    /// <summary>Recovery; null in a record that was begun before it existed: such a run goes back to its newest checkpoint. No part of the lineage.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RecoverySpec? Recovery { get; init; }

    /// <summary>Whether a recovery goes on with the newest state that anybody holds, and never mixes in stale experts (RC-1).</summary>
    [JsonIgnore]
    public bool IsExact => Recovery?.Mode == RecoveryMode.Exact;

    /// <summary>Copies of each unit's state that other nodes hold in memory.</summary>
    [JsonIgnore]
    public int Copies => IsExact ? Recovery!.Copies : 0;

    /// <summary>Whether state that changes between two updates is noticed and restored.</summary>
    [JsonIgnore]
    public bool GuardsState => Recovery?.Integrity ?? true;

    /// <summary>The run its first weights are from; null = the seed.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RunOrigin? Origin { get; init; }

    /// <summary>How the run was made longer, oldest first; null = never.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<RunExtension>? Extensions { get; init; }

    /// <summary>Nodes the run starts on (placement, not arithmetic).</summary>
    public int Nodes { get; init; } = 3;

    /// <summary>Sequences of one micro-batch of one rank.</summary>
    [JsonIgnore]
    public int RankBatch => Training.GlobalBatch / Layout.Ranks / Training.MicroBatches;

    /// <summary>Tokens of one micro-batch of one rank: a routing group.</summary>
    [JsonIgnore]
    public int RankTokens => RankBatch * Model.Context;

    /// <summary>The training section that holds for update <paramref name="update"/> (from 1): an extension changes none of the updates before it, so that a recovery computes them again as they were.</summary>
    public TrainingSpec TrainingAt(long update) => Extensions?.FirstOrDefault(e => update <= e.After)?.Before ?? Training;

    /// <summary>A run of one process on a text in memory: one logical rank, a random id, and the defaults of everything else.</summary>
    /// <param name="model">The model.</param>
    /// <param name="training">Steps, batch, schedule.</param>
    public static RunSpec Local(ModelSpec model, TrainingSpec training) => new()
    {
        RunId = Guid.NewGuid().ToString("N"),
        Model = model,
        Training = training,
        Layout = new LogicalLayout { Ranks = 1, ExpertParallel = 1 },
        Data = new DataSpec { Paths = [] },
        Nodes = 1,
    };

    /// <summary>Writes the record as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, SpecEncoding.Record);

    /// <summary>Reads a record; throws <see cref="SpecException"/> with what is wrong with it.</summary>
    public static RunSpec FromJson(string json, string source = "run.json")
    {
        try
        {
            RunSpec spec = JsonSerializer.Deserialize<RunSpec>(json, SpecEncoding.Record) ?? throw new SpecException($"{source}: empty run record");

            // The serializer keeps null out of properties, not out of lists.
            return spec.Data.Paths.All(p => p is not null) ? spec : throw new SpecException($"{source}: data.paths: expected paths, found null");
        }
        catch (JsonException e)
        {
            throw new SpecException($"{source}: not a run record of this version: {e.Message}");
        }
    }

    /// <summary>Throws <see cref="SpecException"/> naming the first key that cannot be.</summary>
    public void Validate()
    {
        Model.Validate();
        Layout.Validate(Model);
        SpecException.Require(Training.Steps >= 1, "training.steps", Training.Steps, "at least 1");
        SpecLimits.Within(Training.MicroBatches, 1, SpecLimits.MicroBatches, "training.micro-batches");
        SpecException.Require(Training.ScheduleSteps is null or >= 1, "training.schedule-steps", Training.ScheduleSteps ?? 0, "0 (as training.steps) or more");
        int unit = Layout.Ranks * Training.MicroBatches;
        SpecException.Require(
            Training.GlobalBatch >= unit && Training.GlobalBatch % unit == 0,
            "training.global-batch", Training.GlobalBatch, $"a multiple of layout.ranks · training.micro-batches = {unit}");
        SpecException.Require(
            Training.GlobalBatch <= SpecLimits.Batch && (long)RankBatch * Model.Context <= SpecLimits.RankTokens,
            "training.global-batch", Training.GlobalBatch, $"at most {SpecLimits.Batch} sequences, and at most {SpecLimits.RankTokens} tokens in a micro-batch of a rank (now {(long)RankBatch * Model.Context})");
        SpecException.Require(Nodes >= 1 && Nodes <= Layout.Ranks, "nodes", Nodes, $"between 1 and layout.ranks = {Layout.Ranks}: a node without a logical rank has nothing to do");
        SpecException.Require(Checkpoint.Interval >= 0, "checkpoint.interval", Checkpoint.Interval, "0 or more");
        SpecException.Require(
            !Checkpoint.Adaptive || Checkpoint.Interval >= 1, "checkpoint.interval", Checkpoint.Interval, "at least 1 with checkpoint.adaptive = on: the choice is made from the run's first checkpoints");
        SpecException.Require(Checkpoint.CompletePeriod >= 0, "checkpoint.complete-every", Checkpoint.CompletePeriod, "at least 0");
        SpecException.Require(Checkpoint.MtbfMs is null or > 0, "checkpoint.mtbf", Checkpoint.MtbfMs ?? 0, "above 0");
        SpecException.Require(Checkpoint.Keep >= 1, "checkpoint.keep", Checkpoint.Keep, "at least 1");
        SpecException.Require(
            Checkpoint.KPersist >= 1 && Checkpoint.KPersist <= Model.Moe.Experts, "checkpoint.k-persist", Checkpoint.KPersist, $"between 1 and model.moe.experts = {Model.Moe.Experts}");
        SpecException.Require(
            Checkpoint.KSnapshot >= Checkpoint.KPersist && Checkpoint.KSnapshot <= Model.Moe.Experts,
            "checkpoint.k-snapshot", Checkpoint.KSnapshot, $"between checkpoint.k-persist = {Checkpoint.KPersist} and model.moe.experts = {Model.Moe.Experts}");
        SpecException.Require(Checkpoint.PltBudget >= 0, "checkpoint.plt-budget", Checkpoint.PltBudget, "0 or more");
        Recovery?.Validate();
        SpecException.Require(Data.ValidationShare is >= 0 and < 1, "data.validation-share", Data.ValidationShare, "at least 0 and below 1");
        SpecException.Require(Training.LearningRate > 0, "training.learning-rate", Training.LearningRate, "above 0");
    }
}
