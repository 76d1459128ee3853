using System.Text.Json;
using System.Text.Json.Serialization;

namespace MoeActors.Compute.Models;

/// <summary>Arithmetic of forward and backward.</summary>
public enum Precision
{
    /// <summary>Everything in fp32; the weights are the master.</summary>
    Float32,

    /// <summary>bf16 weights and activations; fp32 master, m, v and gradients.</summary>
    BFloat16,
}

/// <summary>How libtorch multiplies fp32 matrices on the CPU; part of the run's record (DT-1).</summary>
public enum MatmulMode
{
    /// <summary>As libtorch ships: MKL.</summary>
    Highest,

    /// <summary>oneDNN through setFloat32MatmulPrecision("medium"): about twice as fast at large sizes, relative error about 1e-6.</summary>
    Medium,
}

/// <summary>What a non-finite loss or gradient does.</summary>
public sealed record NonFinitePolicy
{
    /// <summary>Consecutive skipped steps after which the run stops; 0 stops at the first.</summary>
    public int StopAfter { get; init; } = 5;
}

/// <summary>Optimizer, schedule and batch of a run.</summary>
public sealed record TrainingSpec
{
    /// <summary>Optimizer steps of the whole run.</summary>
    public required int Steps { get; init; }

    /// <summary>Steps over which the learning rate falls; afterwards it stays. Null = <see cref="Steps"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? ScheduleSteps { get; init; }

    /// <summary>Sequences per step over all ranks; a multiple of ranks·micro-batches.</summary>
    public required int GlobalBatch { get; init; }

    /// <summary>Micro-batches each rank computes per step (gradient accumulation).</summary>
    public int MicroBatches { get; init; } = 1;

    /// <summary>Peak learning rate.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Final learning rate of the cosine.</summary>
    public double MinLearningRate { get; init; } = 1e-4;

    /// <summary>Linear warm-up steps.</summary>
    public int WarmupSteps { get; init; } = 100;

    /// <summary>AdamW β1.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>AdamW β2.</summary>
    public double Beta2 { get; init; } = 0.95;

    /// <summary>AdamW ε.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Decoupled weight decay, on matrices only (norms and biases excluded).</summary>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>Global gradient norm to clip to; 0 = no clipping.</summary>
    public double ClipNorm { get; init; } = 1.0;

    /// <summary>Seed of weights, data order and gate noise.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Arithmetic.</summary>
    public Precision Precision { get; init; } = Precision.Float32;

    /// <summary>fp32 matrix product mode.</summary>
    public MatmulMode Matmul { get; init; } = MatmulMode.Highest;

    /// <summary>What a non-finite loss or gradient does.</summary>
    public NonFinitePolicy NonFinite { get; init; } = new();
}

/// <summary>What the run trains on.</summary>
public sealed record DataSpec
{
    /// <summary>Files, folders or globs, absolute, in order.</summary>
    public required IReadOnlyList<string> Paths { get; init; }

    /// <summary>"bytes" or the folder of a BPE tokenizer (vocab.json + merges.txt), absolute.</summary>
    public string Tokenizer { get; init; } = "bytes";

    /// <summary>Files of any contents are data, not only text.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Binary { get; init; }

    /// <summary>Where the tokenizer's folder lies by now, absolute; null = where <see cref="Tokenizer"/> says, which is part of the lineage and stays. No part of the lineage.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? TokenizerMoved { get; init; }

    /// <summary>"bytes" or the folder the tokenizer is read from.</summary>
    [JsonIgnore]
    public string TokenizerPlace => TokenizerMoved ?? Tokenizer;

    /// <summary>Share of the text, at its end, kept for validation.</summary>
    public double ValidationShare { get; init; } = 0.1;

    /// <summary>Hash of the resolved files' names, sizes and contents; checked on every node that joins. Empty until resolved.</summary>
    public string CorpusHash { get; init; } = "";

    /// <summary>Hash of the tokenizer; checked on every node that joins. Empty until resolved.</summary>
    public string TokenizerHash { get; init; } = "";
}

/// <summary>What a checkpoint along the way saves, and with that what a recovery restores.</summary>
public enum CheckpointMode
{
    /// <summary>Everything: recovery is exact (RC-1).</summary>
    Full,

    /// <summary>The dense part and K of the N experts of each layer (MoC): recovery is bounded-stale, its loss is measured as PLT.</summary>
    Partial,
}

/// <summary>How a partial checkpoint's experts are chosen.</summary>
public enum ExpertChoice
{
    /// <summary>Least recently saved first.</summary>
    Sequential,

    /// <summary>Most unsaved tokens first.</summary>
    LoadAware,
}

/// <summary>Whether snapshots stay in the node's memory after they are durable, as the first place a survivor restores from.</summary>
public enum VaultUse
{
    /// <summary>On with partial checkpoints.</summary>
    Auto,

    /// <summary>Kept.</summary>
    On,

    /// <summary>Freed when durable.</summary>
    Off,
}

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

/// <summary>When and on how much validation text the loss is evaluated.</summary>
public sealed record EvaluationSpec
{
    /// <summary>Steps between evaluations; 0 = only at the end.</summary>
    public int Interval { get; init; }

    /// <summary>Most validation sequences used along the way; 0 = all.</summary>
    public int MaxSequences { get; init; } = 64;

    /// <summary>Most validation sequences used at the end; 0 = all.</summary>
    public int FinalMaxSequences { get; init; }
}

/// <summary>Everything that fixes a run's arithmetic and its life: the run's record. Travels as JSON; its hash is the lineage.</summary>
public sealed record RunSpec
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
    };

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

    /// <summary>Writes the record as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Options);

    /// <summary>Reads a record; throws <see cref="SpecException"/> with what is wrong with it.</summary>
    public static RunSpec FromJson(string json, string source = "run.json")
    {
        try
        {
            RunSpec spec = JsonSerializer.Deserialize<RunSpec>(json, Options) ?? throw new SpecException($"{source}: empty run record");

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
