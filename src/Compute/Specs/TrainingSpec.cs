using System.Text.Json.Serialization;

namespace MoeActors.Compute.Specs;

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
